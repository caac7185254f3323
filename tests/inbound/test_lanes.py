"""Two batches are under way at once, and a person's messages keep their order all the same."""

from __future__ import annotations

import asyncio

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.world import World

JORGE = "Jorge <jorge@home.test>"


async def arrive(inbound: Inbound, world: World, sender: str, **more: str):
    return await inbound.receive(world.mail, Raw(body=mail(sender, **more)))


async def test_who_waits_for_a_lock_holds_up_nobody_but_the_same_person(
    hub: Hub, world: World, inbound: Inbound
):
    first = await arrive(inbound, world, JORGE, message_id="first@home.test")
    async with hub.pool.acquire() as agent, agent.transaction():
        await agent.execute("SELECT FROM conversation WHERE id = $1 FOR UPDATE", first.conversation_id)
        second = asyncio.create_task(arrive(inbound, world, JORGE, in_reply_to="<first@home.test>"))
        await _waits(hub, 1)
        marta = await arrive(inbound, world, "Marta Ruiz <marta@acme.test>")
        third = asyncio.create_task(arrive(inbound, world, JORGE, in_reply_to="<first@home.test>"))
        await _waits(hub, 2)
        assert marta.state == "stored"
        assert not second.done()
    stored = [first, await second, await third]
    said = await hub.pool.fetch(
        "SELECT id, seq FROM message WHERE conversation_id = $1 ORDER BY seq", first.conversation_id
    )
    assert [row["id"] for row in said] == [one.message_id for one in stored]
    assert [row["seq"] for row in said] == [1, 2, 3]
    assert sorted(row["id"] for row in said) == [row["id"] for row in said]


async def test_a_lanes_statements_are_planned_once(hub: Hub, world: World, inbound: Inbound):
    for number in range(4):
        await arrive(inbound, world, JORGE, message_id=f"planned{number}@home.test")
    plans = [
        plan
        for lane in inbound._lanes
        if lane.connection
        for plan in await lane.connection.fetch(
            "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements "
            "WHERE statement NOT LIKE '%pg_catalog%' AND statement NOT LIKE '%pg_prepared_statements%'"
        )
    ]
    assert [plan["statement"] for plan in plans if plan["custom_plans"] and "$1" in plan["statement"]] == []
    assert max(plan["generic_plans"] for plan in plans) > 1


async def _waits(hub: Hub, count: int) -> None:
    """Until so many of the road's connections wait for somebody's lock."""
    async with asyncio.timeout(1.9):  # before the lock's own time is over
        while await hub.pool.fetchval(WAITING) < count:
            await asyncio.sleep(0.005)


WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'dialogo inbound' AND wait_event_type = 'Lock' AND datname = current_database()
"""
