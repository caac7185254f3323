"""What is committed together in a worker: starts that somebody still waits for, and ends."""

from __future__ import annotations

import asyncio

from hub.deliveries.claiming import claim
from hub.deliveries.flushing import Flusher
from hub.deliveries.noting import Result, Start
from hub.plumbing.clock import monotonic
from hub.plumbing.hub import Hub
from hub.telling import tell
from tests.deliveries.road import answers, states
from tests.world import World


async def test_a_start_whose_send_was_given_up_meanwhile_is_not_written(hub: Hub, world: World) -> None:
    """Else it would stand as *sending* behind its own end: perhaps sent, although nobody sends it."""
    [id_] = await answers(hub, world, 1)
    await hub.pool.execute("UPDATE delivery SET due_at = now()")
    async with hub.transaction() as tx:
        [mine] = await claim(tx, "w", {world.mail.id: 1}, lease_seconds=60)
    flusher, until = Flusher(hub, tell), monotonic() + 60
    starting = asyncio.create_task(flusher.start(Start(id_, mine.attempt, 60), until=until))
    await asyncio.sleep(0)  # it waits, as behind a commit that takes long
    starting.cancel()
    given_up = Result(id=id_, attempt=mine.attempt, state="queued", code="timeout")
    ending = asyncio.create_task(flusher.note(given_up, until=until))
    await asyncio.wait([starting])
    flushing = asyncio.create_task(flusher.run())
    await ending
    flushing.cancel()
    assert await states(hub) == {id_: "queued"}
