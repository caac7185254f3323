"""One session at our mail door, and what all sessions share: their number, their time, the memory they hold."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

from aiosmtpd.smtp import SMTP, syntax

from workers.mailroom.smtp_tls import Certificate

MOST_PER_PEER = 50
SESSION_SECONDS = 600.0
HANDSHAKE_SECONDS = 20.0
LONGEST_LINE = 65_536
BLOCK = 262_144
STOPPING = "421 4.3.2 the hub is stopping, try again later"


@dataclass(kw_only=True)
class Bounds:
    """What one connection may take, and all of them together; sizes in bytes."""

    name: str
    largest: int
    most_connections: int
    most_held_bytes: int
    command_seconds: float
    mail_seconds: float
    certificate: Certificate | None = None
    held_bytes: int = 0
    connections: set[Connection] = field(default_factory=set)
    _peers: Counter[str] = field(default_factory=Counter)
    _closing: bool = False

    def welcome(self, connection: Connection, peer: str) -> str:
        """ "" and the connection is counted in, or the words to refuse it with."""
        if self._closing:
            return STOPPING
        if len(self.connections) >= self.most_connections or self._peers[peer] >= MOST_PER_PEER:
            return "421 4.7.0 too many connections, try again later"
        self.connections.add(connection)
        self._peers[peer] += 1
        return ""

    def goodbye(self, connection: Connection, peer: str) -> None:
        """A connection ended."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    async def close(self, seconds: float) -> None:
        """Nobody new; who is being stored gets an answer, at most `seconds` long."""
        self._closing = True
        for connection in list(self.connections):
            if not connection.storing:
                connection.hang_up(STOPPING)
        deadline = asyncio.get_running_loop().time() + seconds
        while any(connection.storing for connection in self.connections):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.hang_up(STOPPING)


class Connection(SMTP):
    """One session. aiosmtpd speaks; we bound it, and answer LHLO as well as EHLO.

    uvloop's transports are none of asyncio's classes: they are cast, never asked what they are.
    """

    line_length_limit = LONGEST_LINE  # of commands; the content has no such limit

    def __init__(self, bounds: Bounds, handler: object, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            handler,
            data_size_limit=bounds.largest,
            enable_SMTPUTF8=True,
            hostname=bounds.name,
            ident="Dialogo",
            timeout=bounds.command_seconds,
            loop=loop,
            tls_context=bounds.certificate.context() if bounds.certificate else None,
        )
        self.bounds = bounds
        self.peer_host = ""
        self.lmtp = False
        self.storing = False
        self._held = 0
        self._in_mail = False
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection in, or refuse it in one line."""
        peer = transport.get_extra_info("peername")
        self.peer_host = str(peer[0]) if peer else ""
        refusal = self.bounds.welcome(self, self.peer_host)
        if refusal:
            cast(asyncio.Transport, transport).write(refusal.encode() + b"\r\n")
            transport.close()
            self.peer_host = ""
            self.transport = None
            return
        super().connection_made(transport)
        self._end = self.loop.call_later(
            SESSION_SECONDS, self.hang_up, "421 4.4.2 this session lasted too long"
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Count it out and give back what it held."""
        self._release()
        if self._end is not None:
            self._end.cancel()
        if self in self.bounds.connections:
            self.bounds.goodbye(self, self.peer_host)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Count what mails in progress hold; past the door's limit this one must come back later."""
        if self._in_mail:
            self._held += len(data)
            self.bounds.held_bytes += len(data)
            if self.bounds.held_bytes > self.bounds.most_held_bytes:
                self.hang_up("421 4.3.1 too much mail at once, try again later")
                return
        if self.session is not None:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """A refused connection has no session to end."""
        return None if self.session is None else bool(super().eof_received())

    def hang_up(self, words: str) -> None:
        """Say why and close."""
        if self.transport is not None and not self.transport.is_closing():
            cast(asyncio.Transport, self.transport).write(words.encode() + b"\r\n")
            self.transport.close()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:
        """LMTP: the same, but with one answer a recipient after the mail."""
        self.lmtp = True
        await self.smtp_EHLO(hostname)

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207: encrypted from here on, and everything said before is forgotten.

        aiosmtpd's own reaches into asyncio's insides, which uvloop does not have.
        """
        if arg or self.tls_context is None or self._tls_protocol is not None:
            await self.push("501 5.5.4 Syntax: STARTTLS" if arg else "454 4.7.0 TLS is not to be had")
            return
        await self.push("220 2.0.0 ready to start TLS")
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # commands smuggled in before the handshake
        try:
            encrypted = await self._handshake(self.tls_context)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.connection_lost(error)  # asyncio does not tell us of a handshake that failed
            raise asyncio.CancelledError from error  # and nobody listens any more
        self._begin_anew(encrypted)

    async def _handshake(self, context: ssl.SSLContext) -> asyncio.Transport:
        encrypted = await self.loop.start_tls(
            cast(asyncio.Transport, self.transport),
            self,
            context,
            server_side=True,
            ssl_handshake_timeout=min(self.bounds.command_seconds, HANDSHAKE_SECONDS),
        )
        if encrypted is None:
            raise ConnectionResetError("the connection ended in the handshake")
        return encrypted

    def _begin_anew(self, encrypted: asyncio.Transport) -> None:
        self._original_transport, self.transport = self.transport, encrypted
        self._tls_protocol = encrypted  # type: ignore[assignment]  # aiosmtpd asks only whether there is one
        self._reader._transport = encrypted  # type: ignore[attr-defined]
        self._writer._transport = encrypted  # type: ignore[attr-defined]
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session = self._create_session()
        self.session.peer = encrypted.get_extra_info("peername")
        self.session.ssl = {"cipher": encrypted.get_extra_info("cipher")}
        self._reset_timeout()

    async def smtp_DATA(self, arg: str) -> None:
        """The content in blocks instead of aiosmtpd's lines: 50 MB of short lines would hold up everybody else."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos or arg:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 RCPT first")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._in_mail = True
        self._reset_timeout(self.bounds.mail_seconds)
        try:
            await self._answer(await self._content())
        finally:
            self._release()
            self._reset_timeout()

    async def _answer(self, content: bytes | None) -> None:
        self._in_mail = False
        status = "552 5.3.4 this mail is larger than we accept"
        if content is not None:
            assert self.envelope is not None
            self.envelope.content = self.envelope.original_content = content
            status = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def _content(self) -> bytes | None:
        """Everything up to the lone dot, dots unstuffed (RFC 5321 §4.5.2); None when it was too large.

        Only CRLF ends a line here, as smuggled mails must not. Raises ConnectionResetError.
        """
        held = bytearray(b"\r\n")  # so that a dot in the first line is found like any other
        too_large = False
        while True:
            block = await self._reader.read(BLOCK)
            if not block:
                raise ConnectionResetError
            searched = max(len(held) - 4, 0)
            held += block
            end = held.find(b"\r\n.\r\n", searched)
            if end >= 0:
                break
            if len(held) > self.bounds.largest + BLOCK:
                too_large = True
                del held[:-4]
        # A pipelining client has sent its next command with it.
        self._reader._buffer[:0] = held[end + 5 :]  # type: ignore[attr-defined]
        if too_large or end > self.bounds.largest:
            return None
        return bytes(held[: end + 2].replace(b"\r\n.", b"\r\n")[2:])

    def _release(self) -> None:
        self.bounds.held_bytes -= self._held
        self._held = 0
        self._in_mail = False
