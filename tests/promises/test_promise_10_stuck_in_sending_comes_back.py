"""Promise 10: a row stuck in "sending" comes back after a crash."""

from __future__ import annotations

import asyncio

from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, states, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import worker_process
from tests.waiting import until
from tests.world import World

PACE = Pace(sweep=0.1, send=1.5, margin=0.5)


async def test_promise_10_stuck_in_sending_comes_back(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp("blackhole:DOT") as server:
        await connect(hub, world.mail.id, server)
        [delivery] = (await answer(hub, world)).deliveries
        with worker_process(hub.settings, PACE) as worker:

            async def sending() -> bool:
                return (await states(hub))[delivery.id] == "sending" and bool(server.bodies)

            await until(sending)
            await asyncio.to_thread(worker.kill)
        assert (await states(hub))[delivery.id] == "sending"
        with worker_process(hub.settings, PACE):
            await until_all(hub, "unknown")
        assert len(server.bodies) == 1
    row = await hub.pool.fetchrow("SELECT code, lease_until FROM delivery")
    assert (row["code"], row["lease_until"]) == ("lease_over", None)
