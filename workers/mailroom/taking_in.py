"""One mail from bytes to the ledger: read in a child process, stored by the road in, answered after the commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hub.channels import connections, sorting
from hub.channels.arrivals import Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, Ignored, Unreadable
from hub.channels.outgoing import Line
from hub.deliveries import own_mail
from hub.plumbing.clock import monotonic
from hub.plumbing.hub import Hub

LARGEST_MAIL = 50 * 1024 * 1024
KNOWN_SECONDS = 5.0
log = structlog.get_logger(__name__)

Read = Callable[[str, Raw, Line], Awaitable[list[AnyFact]]]


class Receives(Protocol):
    """What the mailroom needs of hub.intake.Inbound."""

    async def receive(self, channel: Channel, raw: Raw, facts: list[AnyFact] | None = None) -> Outcome:
        """Stored, and the answer after the commit. Raises Unavailable when nothing was stored."""
        ...


class TakingIn:
    """Reads and stores mails; `read` runs the adapter's parser with limits on time and memory."""

    def __init__(self, hub: Hub, inbound: Receives, read: Read) -> None:
        self._hub, self._inbound, self._read = hub, inbound, read
        self._enabled: list[Channel] = []
        self._known_until = 0.0

    async def take_in(self, channel: Channel, raw: Raw) -> Outcome:
        """Sort, read and store one mail. Raises Unavailable, CannotDecrypt: then nothing was stored."""
        channel = await self.sorted(channel, raw)
        return await self.store(channel, raw, await self.facts(channel, raw))

    async def sorted(self, channel: Channel, raw: Raw) -> Channel:
        """The line a mail that reached `channel` belongs to: a fax gateway's mail is a fax.

        Raises the database's errors.
        """
        if monotonic() >= self._known_until or all(one.id != channel.id for one in self._enabled):
            async with self._hub.transaction() as tx:
                self._enabled = await connections.enabled(tx)
            self._known_until = monotonic() + KNOWN_SECONDS
        return sorting.sorted_to(channel, raw, self._enabled)

    async def facts(self, channel: Channel, raw: Raw) -> list[AnyFact]:
        """What the adapter understands of the mail; a reader that fails makes it unreadable, never lost.

        Our own mail come back is ignored: it is in its conversation already. Raises the database's errors.
        """
        line = channel.line(self._hub.crypto)
        ids = own_mail.named_ids(raw.body)
        if ids and await self._sent_by_us(ids):
            return [Ignored(key=f"own:{ids[0]}", reason="sent by us")]
        try:
            return await self._read(channel.kind, raw, line)
        except Exception as error:
            log.exception("mail could not be read", channel=channel.id, size=len(raw.body))
            return [unreadable(f"{type(error).__name__}: {error}")]

    async def _sent_by_us(self, ids: list[str]) -> bool:
        async with self._hub.transaction() as tx:
            return await own_mail.sent_by_us(tx, ids)

    async def store(self, channel: Channel, raw: Raw, facts: list[AnyFact]) -> Outcome:
        """Through the road in; answers after the commit. Raises Unavailable."""
        return await self._inbound.receive(channel, raw, facts)


def unreadable(reason: str, key: str = "") -> Unreadable:
    """The fact that sends a mail to the quarantine, in words."""
    return Unreadable(key=key, reason=reason[:500])
