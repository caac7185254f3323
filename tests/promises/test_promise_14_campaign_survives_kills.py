"""Promises 2 and 14 for campaigns: whatever is killed, and whenever, everybody gets theirs once or perhaps once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from hub.bulk.convoy import CONNECTIONS
from hub.deliveries import gates
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.campaigns.sending import running
from tests.deliveries.road import connect, states, until_all
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import WorkerProcess, worker_process
from tests.waiting import until
from tests.world import World

PEOPLE = 150
KILLS = 6
PACE = Pace(sweep=0.1, send=1.5, margin=0.5, gaps=(0.3, 0.5))


@pytest.mark.timeout(120)
async def test_promise_14_campaign_survives_kills(hub: Hub, world: World) -> None:
    """One bad address in the middle, two workers at once, a pause between the kills, and the rest still goes out."""
    sent = await running(hub, world, PEOPLE)
    dice = random.Random(20261122)
    with (
        FaultySmtp("tarpit:0.004:DOT,RCPT:c77@customers.test=550") as server,
        worker_process(hub.settings, PACE) as one,
        worker_process(hub.settings, PACE) as other,
    ):
        await connect(hub, world.mail.id, server)
        for kill in range(KILLS):
            victim = (one, other)[kill % 2]
            await _for_more(server, dice.randint(5, 20), victim)
            await asyncio.sleep(dice.uniform(0, 0.02))
            victim.kill()
            if kill == KILLS // 2:
                await _pause_and_resume(hub, sent.gate_id, server)
            victim.start()
        assert len(server.bodies) < PEOPLE, "every kill came too late to show anything"
        final = await until_all(hub, "sent", "unknown", "failed")
        assert len(final) == PEOPLE
    copies = Counter(one.rcpt_to[0] for one in server.bodies)
    rows = await hub.pool.fetch("SELECT recipient, state, worker, started_at FROM delivery")
    counted = Counter(row["state"] for row in rows)
    assert {row["state"] for row in rows if row["recipient"] == "c77@customers.test"} <= {"failed", "unknown"}
    assert "c77@customers.test" not in copies
    assert max(copies.values()) == 1, "nobody may get two"
    assert {row["recipient"] for row in rows if row["state"] == "sent"} <= copies.keys(), "lost"
    assert counted["unknown"] <= KILLS * CONNECTIONS, "more than was on the wire"
    for row in rows:
        if row["state"] == "unknown":  # the evidence a person decides by
            assert row["started_at"] is not None
            assert "#" in row["worker"]


async def _for_more(server: FaultySmtp, count: int, worker: WorkerProcess) -> None:
    wanted = len(server.attempts) + count

    async def more() -> bool:
        return len(server.attempts) >= wanted or len(server.bodies) > PEOPLE - 10

    try:
        await until(more)
    except AssertionError as error:
        raise AssertionError(worker.log()) from error


async def _pause_and_resume(hub: Hub, gate_id: int, server: FaultySmtp) -> None:
    async with hub.transaction() as tx:
        await gates.set_open(tx, gate_id, open_=False)

    async def still() -> bool:
        return not {"claimed", "sending"} & set((await states(hub)).values())

    await until(still)
    left = len(server.bodies)
    await asyncio.sleep(0.3)
    assert len(server.bodies) == left
    async with hub.transaction() as tx:
        await gates.set_open(tx, gate_id, open_=True)
