"""kill -9 of a worker at 200 random moments of a campaign of 2,000, over a mail server that breaks in every way.

What is counted: messages the server holds, by Message-ID, against what the database believes.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter

import uvloop

from bench.ground import ground
from hub.bulk.convoy import CONNECTIONS
from hub.departure import Pace
from hub.plumbing.hub import Hub
from tests.campaigns.sending import running
from tests.deliveries.road import connect
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import WorkerProcess

PEOPLE = int(os.environ.get("PEOPLE", "2000"))
KILLS = int(os.environ.get("KILLS", "200"))
PACE = Pace(sweep=0.1, send=2.0, margin=0.5, gaps=(0.3, 0.5))
FAULTS = (
    "DOT=451",
    "RCPT=450",
    "MAIL=421",
    "421-mid:DATA",
    "drop-before-dot",
    "drop-after-dot",
    "drop-after-250",
    "",
)


def measure() -> dict[str, float]:
    """How many were lost, got two, or are perhaps sent; of how many, after how many kills."""
    return uvloop.run(_measured())


async def _measured() -> dict[str, float]:
    dice = random.Random(int(os.environ.get("SEED", "20261122")))
    async with ground() as (hub, world, settings):
        await hub.pool.execute(
            "UPDATE campaign_policy SET failing_share = 100"
        )  # nobody is there to resume it
        with FaultySmtp("tarpit:0.02:DOT") as server:
            workers = [WorkerProcess(settings, PACE).start() for _ in range(2)]
            await connect(hub, world.mail.id, server)
            await running(hub, world, PEOPLE)
            begun = time.monotonic()
            kills = await _kill_again_and_again(hub, server, workers, dice)
            seconds = time.monotonic() - begun
            await _until_settled(hub)
            for worker in workers:
                worker.kill()
            return await _counted(hub, server) | {"kills": kills, "seconds": seconds}


async def _kill_again_and_again(
    hub: Hub, server: FaultySmtp, workers: list[WorkerProcess], dice: random.Random
) -> int:
    for kill in range(KILLS):
        wanted = len(server.attempts) + dice.randint(0, 8)
        deadline = time.monotonic() + 10
        while len(server.attempts) < wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
            if dice.random() < 0.05:
                server.then(dice.choice(FAULTS))
        await asyncio.sleep(dice.uniform(0, 0.05))
        if not await hub.pool.fetchval(_GOING):
            return kill
        one = dice.choice(workers)
        one.kill()
        one.start()
    return KILLS


async def _until_settled(hub: Hub) -> None:
    deadline = time.monotonic() + 300
    while await hub.pool.fetchval(_GOING):
        if time.monotonic() > deadline:
            raise RuntimeError("it was not over in five minutes")
        await asyncio.sleep(0.5)


async def _counted(hub: Hub, server: FaultySmtp) -> dict[str, float]:
    copies = server.copies()
    rows = await hub.pool.fetch("SELECT message_header, state, code, worker FROM delivery")
    states = Counter(row["state"] for row in rows)
    died = Counter(row["worker"].rpartition("#")[0] for row in rows if row["code"] == "lease_over")
    held = {row["message_header"]: copies.get(f"<{row['message_header']}>", 0) for row in rows}
    return {
        "recipients": len(rows),
        "sent": states["sent"],
        "perhaps sent": states["unknown"],
        "of these, because a worker died": sum(died.values()),
        "of these, most of one worker": max(died.values(), default=0),
        "connections of a worker": CONNECTIONS,
        "lost (goal 0)": sum(row["state"] == "sent" and not held[row["message_header"]] for row in rows),
        "doubled (goal 0)": sum(count > 1 for count in held.values()),
        "never decided (goal 0)": len(rows) - states["sent"] - states["unknown"] - states["failed"],
    }


_GOING = """
    SELECT EXISTS (SELECT FROM recipient WHERE state = 'ready')
        OR EXISTS (SELECT FROM delivery WHERE state IN ('held', 'queued', 'claimed', 'sending'))
"""
