"""The database hangs up on everybody while mail leaves: nothing is lost, nothing leaves twice, nobody restarts us."""

from __future__ import annotations

import asyncio

import asyncpg

from hub.plumbing.hub import Hub
from tests.deliveries.road import QUICK, answers, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World

SENDS = 60


async def test_every_connection_dies_again_and_again(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await answers(hub, world, SENDS)
    admin = await asyncpg.connect(hub.settings.database_url)
    with FaultySmtp("tarpit:0.01") as server:
        await connect(hub, world.mail.id, server)
        async with running(hub, QUICK):
            for _ in range(15):
                await admin.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """
                )
                await asyncio.sleep(0.1)
            # what was claimed or sending when its state could not be written is settled by the sweep
            for _ in range(200):
                states = await admin.fetch("SELECT DISTINCT state FROM delivery")
                if {row["state"] for row in states} <= {"sent", "unknown", "claimed", "sending"}:
                    break
                await asyncio.sleep(0.1)
            await _recover(hub)
            final = await until_all(hub, "sent", "unknown")
        copies = server.copies()
    await admin.close()
    headers = dict(await hub.pool.fetch("SELECT id, message_header FROM delivery"))
    for id_, state in final.items():
        count = copies.get(f"<{headers[id_]}>", 0)
        assert count == 1 if state == "sent" else count <= 1, (id_, state, count)
    assert sum(state == "sent" for state in final.values()) > SENDS // 2


async def _recover(hub: Hub) -> None:
    """The worker's timer: leases are over after QUICK's send and margin."""
    from workers import timers

    for _ in range(80):
        await timers.recover_deliveries(hub)
        left = await hub.pool.fetchval("SELECT count(*) FROM delivery WHERE state IN ('claimed', 'sending')")
        if not left:
            return
        await asyncio.sleep(0.1)
