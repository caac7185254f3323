"""One live page: who looks through it, what it listens to, and a write that never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.web import health

MOST_BUFFERED = 1_000_000
"""Bytes a reader may be behind; past it the page is dropped, and asks again when it can."""
MOST_HELD = 500

SIGNED_OUT = 4401
GONE_AWAY = 1001
MISBEHAVED = 1008

Op = list[Any]
"""One operation of a frame: its name, then its arguments (UI.md §4.4)."""


class Socket:
    """A live page of one person."""

    def __init__(
        self, ws: web.WebSocketResponse, transport: asyncio.Transport, person: Person, session_id: int
    ) -> None:
        self.ws = ws
        self.transport = transport
        self.person = person
        self.session_id = session_id
        self.topics: frozenset[str] = frozenset()
        self.viewing: int | None = None
        self._held: list[bytes] | None = None

    def write(self, frame: bytes) -> None:
        """Hand a finished WebSocket frame to the kernel; a slow reader is dropped, never waited for."""
        if self._held is not None:
            self._held.append(frame)
            if len(self._held) > MOST_HELD:
                self.drop()
            return
        self.write_now(frame)

    def write_now(self, frame: bytes) -> None:
        """The same, in front of what is held."""
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > MOST_BUFFERED:
            self.drop()
            return
        self.transport.write(frame)
        health.FRAMES.inc()

    def hold(self) -> None:
        """Keep what comes until `release`: a replay is written before what happens meanwhile."""
        self._held = []

    def release(self) -> None:
        """Write what was held."""
        held, self._held = self._held or [], None
        for frame in held:
            self.write(frame)

    def drop(self) -> None:
        """End the connection at once: it does not read."""
        health.DROPPED.inc()
        self.transport.abort()

    async def close(self, code: int) -> None:
        """Say goodbye with a code the page understands."""
        await self.ws.close(code=code)


def frame(cursor: str, ops: Sequence[Op]) -> bytes:
    """`{"s": cursor, "o": ops}` as a finished, unmasked text frame (RFC 6455 §5.2)."""
    return text_frame(msgspec.json.encode({"s": cursor, "o": ops}))


def text_frame(body: bytes) -> bytes:
    """Any text as a finished frame."""
    size = len(body)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + body
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + body
    return b"\x81\x7f" + size.to_bytes(8, "big") + body
