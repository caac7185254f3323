"""The badges: right up to a hundred, and blind to what an agent may not know of."""

from __future__ import annotations

from hub.conversations.counters import MOST, counters
from hub.plumbing.db import Tx
from tests.conversations.making import conversation, said
from tests.world import World


async def test_badges_count_each_view(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, assignee=world.ana, team=world.support)
    await conversation(tx, world)
    await conversation(tx, world, state="closed")
    note = await said(tx, world, id_, "@Ana", direction="note", agent=world.luis)
    await tx.execute("INSERT INTO mention (message_id, agent_id) VALUES ($1, $2)", note, world.ana)
    found = await counters(tx, world.ana)
    assert (found.mine, found.unassigned, found.all, found.mentions) == (1, 1, 2, 1)
    assert found.teams == {str(world.support): 1}


async def test_badges_stop_at_a_hundred(tx: Tx, world: World) -> None:
    for _n in range(MOST + 5):
        await conversation(tx, world)
    found = await counters(tx, world.ana)
    assert (found.unassigned, found.all) == (MOST, MOST)


async def test_the_outsiders_badges_do_not_count_the_restricted_team(tx: Tx, world: World) -> None:
    await conversation(tx, world, team=world.legal)
    assert (await counters(tx, world.ana)).unassigned == 0
    assert (await counters(tx, world.olga)).unassigned == 1
