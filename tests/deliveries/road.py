"""What tests of the road out share: a matter of Marta's, answers to it, a line on a faulty SMTP server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.channels.facts import Party
from hub.conversations.replies import Answer, Reply, reply
from hub.departure import Pace
from hub.outbound import Outbound
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, said
from tests.fakes.faulty_smtp import FaultySmtp
from tests.waiting import LONGEST_SECONDS, until
from tests.world import World

DOMAIN = "hub.dialogo.test"
QUICK = Pace(sweep=0.05, send=5.0, margin=1.0, rest_at_first=0.2, gaps=(0.2, 0.5, 1.0))
PATIENT = msgspec.structs.replace(QUICK, send=60.0, margin=10.0)
"""Where nobody is silent, and only our own work may take its time: a provider's library loaded, a page drawn."""


async def matter(tx: Tx, world: World, *, subject: str = "Pedido 48213", **more: Any) -> int:
    """A conversation in which Marta wrote one mail and waits; its id."""
    id_ = await conversation(tx, world, subject=subject, assignee=world.ana, account=world.acme, **more)
    message = await said(tx, world, id_)
    await tx.execute(
        "UPDATE message SET message_id = $2, thread_ids = $3 WHERE id = $1",
        message,
        f"marta-{message}@acme.test",
        ["first@acme.test"],
    )
    await tx.execute(
        "INSERT INTO participant (conversation_id, address_id, role) VALUES ($1, $2, 'main')",
        id_,
        world.marta_address,
    )
    return id_


async def without_undo_window(hub: Hub, world: World) -> None:
    """Ana's answers leave at once."""
    await hub.pool.execute("UPDATE agent SET undo_seconds = 0 WHERE id = $1", world.ana)


async def connect(hub: Hub, channel_id: int, server: FaultySmtp, **settings: Any) -> None:
    """Send this line's mail through a server of the test's own."""
    await hub.pool.execute(
        "UPDATE channel SET settings = $2 WHERE id = $1",
        channel_id,
        {"smtp_host": server.host, "smtp_port": server.port, "smtp_security": "none"} | settings,
    )


async def answer(hub: Hub, world: World, conversation_id: int | None = None, **more: Any) -> Reply:
    """Ana answers; in a new matter if none is named."""
    async with hub.transaction() as tx:
        id_ = conversation_id or await matter(tx, world)
        given = Answer(**({"text": "Ya está de camino."} | more))
        return await reply(tx, DOMAIN, id_, world.ana, given)


async def answers(hub: Hub, world: World, count: int, **more: Any) -> list[int]:
    """That many answers, each in a matter of its own, in one commit; the deliveries' ids."""
    made = []
    async with hub.transaction() as tx:
        for _ in range(count):
            id_ = await matter(tx, world)
            given = Answer(**({"text": "Ya está de camino."} | more))
            done = await reply(tx, DOMAIN, id_, world.ana, given)
            made += [delivery.id for delivery in done.deliveries]
    return made


@asynccontextmanager
async def running(hub: Hub, pace: Pace = QUICK) -> AsyncIterator[Outbound]:
    """The road out of this process, until the block ends."""
    outbound = Outbound(hub, pace)
    task = asyncio.create_task(outbound.run())
    try:
        yield outbound
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def states(hub: Hub) -> dict[int, str]:
    """All deliveries and their states."""
    rows = await hub.pool.fetch("SELECT id, state FROM delivery ORDER BY id")
    return {row["id"]: row["state"] for row in rows}


async def until_all(hub: Hub, *wanted: str, seconds: float = LONGEST_SECONDS) -> dict[int, str]:
    """Wait until every delivery is in one of these states; which they are."""

    async def done() -> bool:
        return set((await states(hub)).values()) <= set(wanted)

    try:
        await until(done, seconds)
    except AssertionError as error:
        raise AssertionError(f"not all {wanted}: {await states(hub)}") from error
    return await states(hub)


def party(address: str, name: str = "") -> Party:
    """One recipient."""
    return Party(address, name)
