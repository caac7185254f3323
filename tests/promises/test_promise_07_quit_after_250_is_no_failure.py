"""Promise 7: QUIT or close after 250 never counts as failure."""

from __future__ import annotations

import asyncio

import pytest

from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, answers, connect, running, states, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import worker_process
from tests.world import World

PATIENT = Pace(sweep=0.05, send=600.0)
"""Whoever waits for what the server no longer says waits longer than the test."""


@pytest.mark.parametrize("script", ["quit-hang", "drop-after-250", "QUIT=500"])
async def test_promise_07_quit_after_250_is_no_failure(hub: Hub, world: World, script: str) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp(script) as server:
        await connect(hub, world.mail.id, server, connections=1)
        await answer(hub, world)
        async with running(hub, PATIENT):
            await until_all(hub, "sent")
            await answer(hub, world)  # the one slot is free again
            await until_all(hub, "sent")
        assert sorted(server.copies().values()) == [1, 1]


async def test_a_worker_told_to_end_drains_in_spite_of_a_hanging_quit(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await answers(hub, world, 6)
    with FaultySmtp("quit-hang, tarpit:0.2:DOT") as server:
        await connect(hub, world.mail.id, server)
        with worker_process(hub.settings, Pace(sweep=0.1, gaps=(0.5, 1.0))) as worker:
            await asyncio.to_thread(server.wait_for, 1)
            await asyncio.to_thread(worker.stop)  # within half of what a drain may last
        final = await states(hub)
        assert set(final.values()) <= {"sent", "queued"}, "nothing was torn out of the air"
        assert len(server.bodies) == sum(state == "sent" for state in final.values())
