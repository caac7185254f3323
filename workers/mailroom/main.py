"""The mailroom's process: the road in, children that read mail, mailboxes and the SMTP door."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack

import structlog

from config.settings import Settings
from hub.channels.reading import Reader
from hub.intake import Inbound
from hub.operating import ports
from hub.plumbing.hub import Hub
from workers.mailroom import smtp_tls
from workers.mailroom.addresses import Addresses
from workers.mailroom.imap import Pace
from workers.mailroom.mailboxes import Mailboxes
from workers.mailroom.smtp_door import SmtpDoor
from workers.mailroom.taking_in import TakingIn

log = structlog.get_logger(__name__)


async def run(settings: Settings, *, pace: Pace | None = None) -> None:
    """Until cancelled (SIGTERM): then nothing new, what is under way gets its commit, leases go back."""
    async with AsyncExitStack() as stack:
        hub = await Hub.open(settings, name="dialogo mailroom")
        stack.push_async_callback(hub.close)
        reader = Reader(children=min(os.cpu_count() or 1, 4))
        stack.push_async_callback(reader.close)
        await reader.start()
        inbound = Inbound(hub)
        stack.push_async_callback(inbound.close)
        await inbound.start()
        taking_in = TakingIn(hub, inbound, reader.read)
        if settings.smtp_port:
            door = SmtpDoor(
                taking_in,
                Addresses(hub),
                host=settings.host,
                port=settings.smtp_port,
                name=settings.mail_domain,
                certificate=smtp_tls.given(settings),
            )
            try:
                await door.open()
            except OSError as error:
                raise ports.taken("HUB_SMTP_PORT", door.host, door.port, error) from error
            stack.push_async_callback(door.close)
            log.info("smtp door open", host=door.host, port=door.port)
        await _until_cancelled(Mailboxes(hub, taking_in, pace=pace))


async def _until_cancelled(mailboxes: Mailboxes) -> None:
    reading = asyncio.create_task(mailboxes.run())
    try:
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
