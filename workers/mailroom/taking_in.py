"""One mail from bytes to the ledger: read in a child process, stored by the road in, answered after the commit."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hub.channels.arrivals import Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, Unreadable
from hub.channels.outgoing import Line
from hub.plumbing.crypto import Crypto

LARGEST_MAIL = 50 * 1024 * 1024
log = structlog.get_logger(__name__)

Read = Callable[[str, Raw, Line], Awaitable[list[AnyFact]]]


class Receives(Protocol):
    """What the mailroom needs of hub.intake.Inbound."""

    async def receive(self, channel: Channel, raw: Raw, facts: list[AnyFact] | None = None) -> Outcome:
        """Stored, and the answer after the commit. Raises Unavailable when nothing was stored."""
        ...


class TakingIn:
    """Reads and stores mails; `read` runs the adapter's parser with limits on time and memory."""

    def __init__(self, inbound: Receives, read: Read, crypto: Crypto) -> None:
        self._inbound, self._read, self._crypto = inbound, read, crypto

    async def take_in(self, channel: Channel, raw: Raw) -> Outcome:
        """Read and store one mail. Raises Unavailable, CannotDecrypt: then nothing was stored."""
        return await self.store(channel, raw, await self.facts(channel, raw))

    async def facts(self, channel: Channel, raw: Raw) -> list[AnyFact]:
        """What the adapter understands of the mail; a reader that fails makes it unreadable, never lost."""
        line = channel.line(self._crypto)
        try:
            return await self._read(channel.kind, raw, line)
        except Exception as error:
            log.exception("mail could not be read", channel=channel.id, size=len(raw.body))
            return [unreadable(raw, f"{type(error).__name__}: {error}")]

    async def store(self, channel: Channel, raw: Raw, facts: list[AnyFact]) -> Outcome:
        """Through the road in; answers after the commit. Raises Unavailable."""
        return await self._inbound.receive(channel, raw, facts)


def unreadable(raw: Raw, reason: str, key: str = "") -> Unreadable:
    """The fact that sends a mail to the quarantine, in words."""
    return Unreadable(key=key or f"raw:{hashlib.sha256(raw.body).hexdigest()}", reason=reason[:500])
