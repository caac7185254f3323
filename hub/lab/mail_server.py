"""The pretend world's mail server: takes every mail the demo sends and keeps it for the lab's page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from hub.lab.sent import Outbox

MOST_BYTES = 60_000_000
Told = Callable[[bytes, str, str], Awaitable[None]]
log = structlog.get_logger(__name__)


class Everybody:
    """aiosmtpd's handler: everybody lives here. `told`: who hears of each mail (content, recipient, sender)."""

    def __init__(self, outbox: Outbox, told: Told | None = None) -> None:
        self.outbox = outbox
        self.told = told
        self._telling: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the mail once for each recipient."""
        for recipient in envelope.rcpt_tos:
            await self.outbox.keep("email", envelope.mail_from or "", recipient, envelope.original_content)
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
async def running(outbox: Outbox, host: str, port: int, told: Told | None = None) -> AsyncIterator[None]:
    """The server on `host`:`port` while the block runs; another process of ours may already have it."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: SMTP(
                Everybody(outbox, told), data_size_limit=MOST_BYTES, hostname="lab.example", loop=loop
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
