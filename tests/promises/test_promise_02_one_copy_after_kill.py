"""Promise 2: at most one copy after kill -9 of the worker at any instruction of a send."""

from __future__ import annotations

import asyncio
import random

import pytest

from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answers, connect, states, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import WorkerProcess
from tests.world import World

SENDS = 200
KILLS = 7
PACE = Pace(sweep=0.1, send=2.5, margin=1.0, slots=6, gaps=(0.5, 1.0))


@pytest.mark.timeout(180)
async def test_promise_02_one_copy_after_kill(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await answers(hub, world, SENDS)
    dice = random.Random(20261121)
    with FaultySmtp("tarpit:0.005") as server:
        await connect(hub, world.mail.id, server)
        for _ in range(KILLS):
            worker = WorkerProcess(hub.settings, PACE).start()
            wanted = len(server.attempts) + dice.randint(1, 18)
            await _wait_for(server, wanted, worker)
            await asyncio.sleep(dice.uniform(0, 0.03))
            await asyncio.to_thread(worker.kill)
        left = [state for state in (await states(hub)).values() if state in ("queued", "claimed", "sending")]
        assert left, "every kill came too late to show anything"
        worker = WorkerProcess(hub.settings, PACE).start()
        try:
            final = await until_all(hub, "sent", "unknown", seconds=100)
        finally:
            await asyncio.to_thread(worker.kill)
        copies = server.copies()
    headers = dict(await hub.pool.fetch("SELECT id, message_header FROM delivery"))
    count = {id_: copies.get(f"<{headers[id_]}>", 0) for id_ in final}
    assert len(final) == SENDS
    assert {id_: count[id_] for id_, state in final.items() if state == "sent" and count[id_] != 1} == {}
    assert {id_: n for id_, n in count.items() if n > 1} == {}, "nobody may get two"
    told = await hub.pool.fetchval("SELECT count(*) FROM history WHERE verb = 'perhaps_sent'")
    assert told == sum(state == "unknown" for state in final.values())


async def _wait_for(server: FaultySmtp, attempts: int, worker: WorkerProcess) -> None:
    for _ in range(1500):
        if len(server.attempts) >= attempts:
            return
        assert worker.process is not None
        assert worker.process.poll() is None, worker.log()
        await asyncio.sleep(0.01)
    raise AssertionError(f"the worker sent nothing: {worker.log()}")
