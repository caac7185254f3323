"""Claiming: due, permitted, open, free slots only, and never the same row twice."""

from __future__ import annotations

import asyncio

from hub.deliveries.claiming import claim, due_now, refuse
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, answers
from tests.world import World


async def one_claim(hub: Hub, world: World, most: int = 4) -> list[int]:
    async with hub.transaction() as tx:
        taken = await claim(tx, "w", {world.mail.id: most}, lease_seconds=60)
    return [one.id for one in taken]


async def test_only_what_is_due_and_only_as_much_as_asked(hub: Hub, world: World) -> None:
    ids = await answers(hub, world, 5)
    assert await one_claim(hub, world) == [], "still held for the undo window"
    await hub.pool.execute("UPDATE delivery SET due_at = now() - make_interval(secs => id)")
    assert sorted(await one_claim(hub, world, 2)) == sorted(ids)[-2:], "the longest due first"
    async with hub.transaction() as tx:
        assert await due_now(tx, world.mail.id, 2) == 2
    assert len(await one_claim(hub, world, 50)) == 3
    assert await one_claim(hub, world, 50) == []


async def test_two_workers_never_claim_the_same(hub: Hub, world: World) -> None:
    ids = await answers(hub, world, 30)
    await hub.pool.execute("UPDATE delivery SET due_at = now()")
    found = await asyncio.gather(*(one_claim(hub, world, 7) for _ in range(6)))
    taken = [id_ for some in found for id_ in some]
    assert sorted(taken) == sorted(set(taken))
    while more := await one_claim(hub, world, 7):
        taken += more
    assert sorted(taken) == sorted(ids)
    assert {row["attempt"] for row in await hub.pool.fetch("SELECT attempt FROM delivery")} == {1}


async def test_a_closed_line_or_a_paused_house_sends_nothing(hub: Hub, world: World) -> None:
    [id_] = await answers(hub, world, 1)
    await hub.pool.execute("UPDATE delivery SET due_at = now()")
    await hub.pool.execute("UPDATE channel SET enabled = false")
    assert await one_claim(hub, world) == []
    await hub.pool.execute("UPDATE channel SET enabled = true")
    await hub.pool.execute("UPDATE installation SET paused = true")
    assert await one_claim(hub, world) == []
    await hub.pool.execute("UPDATE installation SET paused = false")
    assert await one_claim(hub, world) == [id_]


async def test_who_opted_out_meanwhile_gets_nothing_and_it_is_said(hub: Hub, world: World) -> None:
    await answer(hub, world)
    await hub.pool.execute("UPDATE delivery SET due_at = now()")
    await hub.pool.execute(
        "INSERT INTO consent (address_id, purpose, granted, source) VALUES ($1, 'service', false, 'STOP')",
        world.marta_address,
    )
    assert await one_claim(hub, world) == []
    async with hub.transaction() as tx:
        [changed] = await refuse(tx)
        assert await refuse(tx) == []
    assert (changed.before, changed.state, changed.code) == ("held", "failed", "opted_out")


async def test_a_permitted_one_is_not_refused(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE delivery SET due_at = now()")
    assert await refuse(tx) == []
