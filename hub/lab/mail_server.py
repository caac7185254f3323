"""The pretend world's mail server: takes every mail the demo sends and keeps it for the lab's page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from hub.lab import fax_machine
from hub.lab.sent import Outbox

MOST_BYTES = 60_000_000
REFUSALS = {"refused": "550 5.1.1 nobody of this name lives here", "later": "451 4.3.0 come back later"}
Told = Callable[[bytes, str, str], Awaitable[None]]
log = structlog.get_logger(__name__)


class Everybody:
    """aiosmtpd's handler: everybody lives here, but whom `fates` names otherwise (playing.MAIL_ENDS).

    `told`: who hears of each mail (content, recipient, sender).
    """

    def __init__(
        self, outbox: Outbox, told: Told | None = None, fates: Mapping[str, str] | None = None
    ) -> None:
        self.outbox = outbox
        self.told = told
        self.fates = fates if fates is not None else {}
        self._telling: set[asyncio.Task[None]] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Refuse whoever was chosen to be refused (RFC 5321 §4.2.2, RFC 3463)."""
        refusal = REFUSALS.get(self.fates.get(address.lower(), ""))
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 lives here"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the mail once for each recipient."""
        for recipient in envelope.rcpt_tos:
            kind = "fax" if fax_machine.number_of(recipient) else "email"
            await self.outbox.keep(kind, envelope.mail_from or "", recipient, envelope.original_content)
            if self.told is not None:
                task = asyncio.create_task(
                    self._tell(envelope.original_content, recipient, envelope.mail_from or "")
                )
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)
        return "250 2.0.0 kept in the lab"

    async def _tell(self, content: bytes, recipient: str, sender: str) -> None:
        if self.told is not None:
            await self.told(content, recipient, sender)


@asynccontextmanager
async def running(
    outbox: Outbox, host: str, port: int, told: Told | None = None, fates: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """The server on `host`:`port` while the block runs; another process of ours may already have it."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: SMTP(
                Everybody(outbox, told, fates), data_size_limit=MOST_BYTES, hostname="lab.example", loop=loop
            ),
            host,
            port,
        )
    except OSError as error:
        log.warning("the lab's mail server is not ours", port=port, error=str(error))
        yield
        return
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
