"""A mailroom inside a test: the real road in on the test's own database, a door or mailboxes before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import format_datetime
from typing import Any

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.intake import Inbound
from hub.plumbing.clock import now
from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from workers.mailroom.addresses import Addresses
from workers.mailroom.imap import Pace
from workers.mailroom.mailboxes import Mailboxes
from workers.mailroom.smtp_door import SmtpDoor
from workers.mailroom.taking_in import TakingIn

HURRY = Pace(idle=0.5, answer=2.0, first_pause=0.05, longest_pause=0.3, lease=5.0, renew=0.5)


async def read_here(kind: str, raw: Raw, line: Line) -> list[AnyFact]:
    """The parser without its child process: what is tested here is what stands around it."""
    return adapter(kind).parse(raw, line)


@asynccontextmanager
async def taking_in(hub: Hub) -> AsyncIterator[TakingIn]:
    inbound = Inbound(hub)
    await inbound.start()
    yield TakingIn(hub, inbound, read_here)
    await inbound.close()


@asynccontextmanager
async def door(hub: Hub, **limits: Any) -> AsyncIterator[SmtpDoor]:
    async with taking_in(hub) as taking:
        door = SmtpDoor(taking, Addresses(hub), host="127.0.0.1", port=0, name="hub.test", **limits)
        await door.open()
        yield door
        await door.close(2)


@asynccontextmanager
async def reading(hub: Hub, pace: Pace = HURRY) -> AsyncIterator[asyncio.Task[None]]:
    """Mailboxes are read inside the block."""
    async with taking_in(hub) as taking:
        task = asyncio.create_task(Mailboxes(hub, taking, pace=pace, look_seconds=0.2).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def connect(hub: Hub, channel: Channel, server: Dovecot, port: int = 0, **more: Any) -> None:
    """The channel reads this mailbox from now on."""
    settings = {
        "imap_host": "127.0.0.1",
        "imap_port": port or server.port,
        "imap_security": "none",
        "imap_user": server.user,
    } | more
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE channel SET settings = $2, secrets = $3 WHERE id = $1",
            channel.id,
            settings,
            hub.crypto.encrypt({"imap_password": server.password}),
        )


def mail(
    number: int | str,
    *,
    sender: str = "marta@acme.test",
    message_id: str | None = "",
    text: str = "",
    to: str = "help@dialogo.test",
) -> bytes:
    """One plain mail; `message_id` None leaves the header out."""
    ident = f"<{number}@acme.test>" if message_id == "" else message_id
    header = f"From: Marta <{sender}>\r\nTo: {to}\r\nSubject: Pedido {number}\r\nDate: {format_datetime(now())}\r\n"
    if ident is not None:
        header += f"Message-ID: {ident}\r\n"
    return f"{header}\r\n{text or f'Hola {number}'}\r\n".encode()


async def subjects(hub: Hub) -> list[str]:
    """The subjects of all stored customer messages, sorted."""
    rows = await hub.pool.fetch("SELECT subject FROM message WHERE direction = 'in' ORDER BY subject")
    return [row["subject"] for row in rows]


async def outcomes(hub: Hub) -> dict[str, int]:
    """How many UIDs ended how."""
    rows = await hub.pool.fetch("SELECT outcome, count(*) AS n FROM mailbox_uid GROUP BY outcome")
    return {row["outcome"]: row["n"] for row in rows}


async def seen(server: Dovecot) -> list[int]:
    """The UIDs marked as read on the server."""
    flags = await asyncio.to_thread(server.flags)
    return sorted(uid for uid, set_ in flags.items() if "\\Seen" in set_)
