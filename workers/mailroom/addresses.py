"""Which channel a mail is for, asked of the database and remembered for seconds."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

from hub.channels import sorting
from hub.channels.connections import Channel
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

KNOWN_SECONDS = 5.0
UNKNOWN_SECONDS = 0.5
MOST_REMEMBERED = 10_000
MOST_CANDIDATES = 50
HEADER_BYTES = 262_144
POSTMASTER = "postmaster"

# What delivering MTAs note, most trustworthy first; To and Cc are the sender's own words.
DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
SHOWN = ("to", "cc")
_FIELD = re.compile(
    rb"(?im)^(%s):((?:[^\r\n]|\r?\n[ \t])*)" % b"|".join(n.encode() for n in (*DELIVERED, *SHOWN))
)
_ADDRESS = re.compile(rb"[^\s<>()\[\],;:\"@]{1,200}@[A-Za-z0-9.\-\x80-\xff]{1,253}")


class Addresses:
    """Finds channels by the address people wrote to."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept: dict[str, tuple[Channel | None, float]] = {}

    async def channel_for(self, address: str) -> Channel | None:
        """The enabled mail channel reached at `address`, or None. Raises the database's errors."""
        plain = sorting.plain_address(address)
        return await self._remembered(plain, lambda tx: sorting.channel_for(tx, "email", plain))

    async def recipient(self, address: str) -> Channel | None:
        """The same for a recipient named at our own door, where somebody must also read for `postmaster`."""
        found = await self.channel_for(address)
        local, _at, domain = sorting.plain_address(address).rpartition("@")
        if found is not None or (local or domain) != POSTMASTER:
            return found
        domain = domain if local else ""
        return await self._remembered(
            f"{POSTMASTER} {domain}", lambda tx: sorting.postmaster_channel(tx, "email", domain)
        )

    async def _remembered(
        self, plain: str, find: Callable[[Tx], Awaitable[Channel | None]]
    ) -> Channel | None:
        found, until = self._kept.get(plain, (None, 0.0))
        if monotonic() < until:
            return found
        async with self._hub.transaction() as tx:
            found = await find(tx)
        if len(self._kept) >= MOST_REMEMBERED:
            self._kept.clear()
        self._kept[plain] = found, monotonic() + (KNOWN_SECONDS if found else UNKNOWN_SECONDS)
        return found

    async def sort(self, own: Channel, mail: bytes) -> tuple[Channel, str]:
        """The channel for a mail lying in the mailbox of `own`, and the address it was reached at (or "").

        One mailbox may serve many addresses. A channel with a mailbox of its own gets its mail from there,
        so it never takes a copy out of ours.
        """
        found: list[tuple[Channel, str]] = []
        for address in candidates(mail):
            channel = await self.channel_for(address)
            if channel is None:
                continue
            if channel.id == own.id:
                return own, address
            if not has_mailbox(channel):
                found.append((channel, address))
        return found[0] if found else (own, "")


def has_mailbox(channel: Channel) -> bool:
    """True when the mailroom reads a mailbox for this channel."""
    return bool(channel.settings.get("imap_host"))


def candidates(mail: bytes) -> list[str]:
    """The addresses a mail may have been sent to, from its header block alone, most trustworthy first."""
    end = re.search(rb"\r?\n\r?\n", mail[:HEADER_BYTES])
    header = mail[: end.start()] if end else mail[:HEADER_BYTES]
    fields: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(header):
        fields.setdefault(name.decode().lower(), []).append(value)
    order = [value for name in (*DELIVERED, *SHOWN) for value in fields.get(name, [])]
    return list(dict.fromkeys(_addresses(order)))[:MOST_CANDIDATES]


def _addresses(values: Iterable[bytes]) -> Iterable[str]:
    for value in values:
        for address in _ADDRESS.findall(value[:20_000]):
            yield address.decode("utf-8", "replace").lower().rstrip(".")
