"""Our own door for mail: SMTP and LMTP (RFC 5321, 2033), only for our channels, 250 only after the commit.

Never a relay. Every connection, its time, its recipients and the memory all of them hold together are bounded.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import asyncpg
import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.errors import HubError
from workers.mailroom.addresses import Addresses
from workers.mailroom.taking_in import LARGEST_MAIL, TakingIn

MOST_CONNECTIONS = 200
MOST_PER_PEER = 50
MOST_HELD_BYTES = 400_000_000
MOST_RECIPIENTS = 100
COMMAND_SECONDS = 60.0
MAIL_SECONDS = 300.0
SESSION_SECONDS = 600.0
LONGEST_LINE = 65_536
BLOCK = 262_144
MOST_HOPS = 100
TRY_LATER = "451 4.3.0 nothing was stored, try again later"
log = structlog.get_logger(__name__)


class SmtpDoor:
    """Listens while `open`; `close` lets what is being stored finish."""

    def __init__(
        self,
        taking_in: TakingIn,
        addresses: Addresses,
        *,
        host: str,
        port: int,
        name: str,
        largest: int = LARGEST_MAIL,
        most_connections: int = MOST_CONNECTIONS,
        most_held_bytes: int = MOST_HELD_BYTES,
        command_seconds: float = COMMAND_SECONDS,
        mail_seconds: float = MAIL_SECONDS,
    ) -> None:
        self.host, self.port, self.name = host, port, name
        self.largest = largest
        self.most_connections, self.most_held_bytes = most_connections, most_held_bytes
        self.command_seconds, self.mail_seconds = command_seconds, mail_seconds
        self.taking_in, self.addresses = taking_in, addresses
        self.connections: set[Connection] = set()
        self.peers: Counter[str] = Counter()
        self.held_bytes = 0
        self.closing = False
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; `port` is then the real one. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self, loop), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self, seconds: float = 10.0) -> None:
        """No new mail; what is being stored gets its answer, at most `seconds` long."""
        self.closing = True
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            if not connection.storing:
                connection.hang_up("421 4.3.2 the hub is stopping, try again later")
        deadline = asyncio.get_running_loop().time() + seconds
        while any(connection.storing for connection in self.connections):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.hang_up("421 4.3.2 the hub is stopping, try again later")

    def welcome(self, connection: Connection, peer: str) -> str:
        """ "" and the connection is counted in, or the words to refuse it with."""
        if self.closing:
            return "421 4.3.2 the hub is stopping, try again later"
        if len(self.connections) >= self.most_connections or self.peers[peer] >= MOST_PER_PEER:
            return "421 4.7.0 too many connections, try again later"
        self.connections.add(connection)
        self.peers[peer] += 1
        return ""

    def goodbye(self, connection: Connection, peer: str) -> None:
        """A connection ended."""
        if connection in self.connections:
            self.connections.discard(connection)
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]


class Connection(SMTP):
    """One session. aiosmtpd speaks; we bound it, and answer LHLO as well as EHLO."""

    line_length_limit = LONGEST_LINE  # of commands; the content has no such limit

    def __init__(self, door: SmtpDoor, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Handler(door),
            data_size_limit=door.largest,
            enable_SMTPUTF8=True,
            hostname=door.name,
            ident="Dialogo",
            timeout=door.command_seconds,
            loop=loop,
        )
        self.door = door
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
        refusal = self.door.welcome(self, self.peer_host)
        if refusal:
            assert isinstance(transport, asyncio.Transport)
            transport.write(refusal.encode() + b"\r\n")
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
        if self in self.door.connections:
            self.door.goodbye(self, self.peer_host)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Count what mails in progress hold; past the door's limit this one must come back later."""
        if self._in_mail:
            self._held += len(data)
            self.door.held_bytes += len(data)
            if self.door.held_bytes > self.door.most_held_bytes:
                self.hang_up("421 4.3.1 too much mail at once, try again later")
                return
        if self.session is not None:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """A refused connection has no session to end."""
        return None if self.session is None else bool(super().eof_received())

    def hang_up(self, words: str) -> None:
        """Say why and close."""
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(words.encode() + b"\r\n")
            self.transport.close()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:
        """LMTP: the same, but with one answer a recipient after the mail."""
        self.lmtp = True
        await self.smtp_EHLO(hostname)

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
        self._reset_timeout(self.door.mail_seconds)
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
            if len(held) > self.door.largest + BLOCK:
                too_large = True
                del held[:-4]
        # A pipelining client has sent its next command with it.
        self._reader._buffer[:0] = held[end + 5 :]  # type: ignore[attr-defined]
        if too_large or end > self.door.largest:
            return None
        return bytes(held[: end + 2].replace(b"\r\n.", b"\r\n")[2:])

    def _release(self) -> None:
        self.door.held_bytes -= self._held
        self._held = 0
        self._in_mail = False


class _Handler:
    """What aiosmtpd asks for each command."""

    def __init__(self, door: SmtpDoor) -> None:
        self._door = door
        self._channels: dict[str, Channel] = {}

    async def handle_EHLO(
        self, server: Connection, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what we do, and pipelining, which reading line by line gives for free."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only addresses of our channels; nothing else is anybody's business here."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        try:
            channel = await self._door.addresses.channel_for(_printable(address))
        except (*AWAY, *AGAIN, asyncpg.PostgresError) as error:
            log.warning("recipient not checked, database away", error=repr(error))
            return TRY_LATER
        if channel is None:
            return "550 5.1.1 nobody of that name here"
        self._channels[address] = channel
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        """Stored for every channel it was sent to, then 250; else 451, and the sender keeps it."""
        body = envelope.original_content or b""
        if _hops(body) > MOST_HOPS:
            return "554 5.4.6 this mail runs in circles"
        server.storing = True
        server._reset_timeout(self._door.mail_seconds)  # the sender has done its part
        try:
            answers = await self._store_for_each(session, envelope, body)
        finally:
            server.storing = False
        if server.lmtp:
            return "\r\n".join(answers[address] for address in envelope.rcpt_tos)
        refused = [answer for answer in answers.values() if not answer.startswith("250")]
        return refused[0] if refused else next(iter(answers.values()))

    async def _store_for_each(self, session: Session, envelope: Envelope, body: bytes) -> dict[str, str]:
        """One arrival a channel; of several addresses of a channel the one with our token counts."""
        by_channel: dict[int, list[str]] = {}
        for address in envelope.rcpt_tos:
            by_channel.setdefault(self._channels[address].id, []).append(address)
        answers: dict[str, str] = {}
        for addresses in by_channel.values():
            reached = max(addresses, key=lambda address: "+" in address)
            raw = Raw(body=body, envelope=_envelope(session, envelope, reached))
            answer = await self._stored(self._channels[reached], raw)
            answers |= dict.fromkeys(addresses, answer)
        return answers

    async def _stored(self, channel: Channel, raw: Raw) -> str:
        try:
            outcome = await self._door.taking_in.take_in(channel, raw)
        except (HubError, *AWAY, *AGAIN, asyncpg.PostgresError) as error:
            log.warning("mail not stored, its sender keeps it", channel=channel.id, error=repr(error))
            return TRY_LATER
        return f"250 2.0.0 {outcome.state} as {outcome.arrival_id}"

    async def handle_exception(self, error: Exception) -> str:
        """Our own fault: nothing was stored, the sender keeps the mail."""
        log.error("smtp session", error=repr(error), exc_info=error)
        return TRY_LATER


def _envelope(session: Session, envelope: Envelope, reached: str) -> dict[str, str]:
    peer: Any = session.peer
    return {
        "mail_from": _printable(envelope.mail_from or "").strip("<>"),
        "rcpt_to": _printable(reached),
        "peer": str(peer[0]) if peer else "",
        "helo": _printable(session.host_name or "")[:255],
        "door": "smtp",
    }


def _printable(address: str) -> str:
    """aiosmtpd hands over undecodable bytes as lone surrogates; PostgreSQL takes none."""
    return address.encode("utf-8", "replace").decode()[:1000].replace("\0", "")


def _hops(body: bytes) -> int:
    header = body[:262_144].partition(b"\r\n\r\n")[0]
    return len(re.findall(rb"(?im)^Received:", header))
