"""Promise 9: a slow worker that lost its lease can neither send again nor overwrite."""

from __future__ import annotations

import asyncio
import signal

import pytest

from hub.deliveries.noting import Result, lock, note
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, states, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import worker_process
from tests.waiting import until
from tests.world import World

PACE = Pace(sweep=0.1, send=2.5, margin=0.5, gaps=(0.5, 1.0))


@pytest.mark.parametrize(("stopped_in", "held_at"), [("claimed", "RCPT"), ("sending", "DATA")])
async def test_promise_09_lease_with_fencing(hub: Hub, world: World, stopped_in: str, held_at: str) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp(f"hold:{held_at}") as server:
        await connect(hub, world.mail.id, server)
        [delivery] = (await answer(hub, world)).deliveries
        with worker_process(hub.settings, PACE) as slow:

            async def waits_for_the_server() -> bool:
                return server.holding == 1

            await until(waits_for_the_server)
            slow.freeze()
            assert (await states(hub))[delivery.id] == stopped_in
            server.become("")
            with worker_process(hub.settings, PACE) as other:
                final = await until_all(hub, "sent", "unknown")  # once the frozen one's lease is over
                server.go_on()  # the answer lies in its socket: it wakes up and believes it still holds the delivery
                slow.send(signal.SIGCONT)
                await asyncio.to_thread(server.wait_for, len(server.attempts))  # it gave its own attempt up
                await asyncio.sleep(0.5)  # and had the time to write what it thinks of it
                assert await states(hub) == final, slow.log() + other.log()
        copies = sum(server.copies().values())
    if stopped_in == "claimed":
        assert (list(final.values()), copies) == (["sent"], 1)
        assert (
            await hub.pool.fetchval("SELECT attempt FROM delivery") >= 2
        )  # a slow machine loses leases, too
    else:
        assert list(final.values()) == ["unknown"]
        assert copies == 0


async def test_a_late_result_of_another_attempt_writes_nothing(hub: Hub, world: World) -> None:
    [delivery] = (await answer(hub, world)).deliveries
    await hub.pool.execute("UPDATE delivery SET state = 'sending', attempt = 2")
    for attempt in (1, 3):
        async with hub.transaction() as tx:
            late = Result(id=delivery.id, attempt=attempt, state="failed", reason="late")
            assert await note(tx, await lock(tx, [delivery.id]), [late]) == []
    row = await hub.pool.fetchrow("SELECT state, reason FROM delivery")
    assert (row["state"], row["reason"]) == ("sending", "")
