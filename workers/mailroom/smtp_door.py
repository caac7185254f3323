"""Our own door for mail: SMTP and LMTP (RFC 5321, 2033), only for our channels, 250 only after the commit.

Never a relay. Every connection, its time, its recipients and the memory all of them hold together are bounded.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import asyncpg
import structlog
from aiosmtpd.smtp import Envelope, Session

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.errors import HubError
from workers.mailroom.addresses import Addresses
from workers.mailroom.smtp_session import Bounds, Connection
from workers.mailroom.smtp_tls import Certificate
from workers.mailroom.taking_in import LARGEST_MAIL, TakingIn

MOST_CONNECTIONS = 200
MOST_HELD_BYTES = 400_000_000
MOST_RECIPIENTS = 100
COMMAND_SECONDS = 60.0
MAIL_SECONDS = 300.0
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
        certificate: Certificate | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.taking_in, self.addresses = taking_in, addresses
        self.bounds = Bounds(
            name=name,
            largest=largest,
            most_connections=most_connections,
            most_held_bytes=most_held_bytes,
            command_seconds=command_seconds,
            mail_seconds=mail_seconds,
            certificate=certificate,
        )
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; `port` is then the real one. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self.bounds, _Handler(self), loop), self.host, self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self, seconds: float = 10.0) -> None:
        """No new mail; what is being stored gets its answer, at most `seconds` long."""
        if self._server is not None:
            self._server.close()
        await self.bounds.close(seconds)


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
        offered = [line for line in responses[:-1] if not line.startswith("250-AUTH")]  # nobody signs in here
        return [*offered, "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only addresses of our channels; nothing else is anybody's business here."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        try:
            channel = await self._door.addresses.recipient(_printable(address))
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
        server._reset_timeout(self._door.bounds.mail_seconds)  # the sender has done its part
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
        **({"tls": session.ssl["cipher"][1]} if session.ssl else {}),
    }


def _printable(address: str) -> str:
    """aiosmtpd hands over undecodable bytes as lone surrogates; PostgreSQL takes none."""
    return address.encode("utf-8", "replace").decode()[:1000].replace("\0", "")


def _hops(body: bytes) -> int:
    header = body[:262_144].partition(b"\r\n\r\n")[0]
    return len(re.findall(rb"(?im)^Received:", header))
