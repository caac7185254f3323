"""Whose a conversation is, changed by hand: told to every list it enters and leaves."""

from __future__ import annotations

import pytest

from hub.conversations.assignment import assign_to, assign_to_team, unassign
from hub.plumbing.errors import BadInput, NotFound
from hub.routing import explain
from tests.conversations.making import conversation, row


async def test_lola_gives_it_to_luis(tx, world):
    id_ = await conversation(tx, world, assignee=world.ana, team=world.support)
    await tx.execute("UPDATE conversation SET covering_for_id = $2 WHERE id = $1", id_, world.olga)
    (now,) = await assign_to(tx, [id_], world.luis, by=world.lola)
    assert (now.assignee_id, now.covering_for_id, now.version) == (world.luis, None, 2)
    reason = (await row(tx, id_))["reason"]
    assert explain.sentence(reason, "en") == "To Luis: Lola assigned it"
    signal = tx.signals[-1]
    assert signal.topics == ["all", f"mine:{world.luis}", f"team:{world.support}", f"thread:{id_}"]
    assert signal.lost == [f"mine:{world.ana}"]
    noted = await tx.record("SELECT * FROM history WHERE conversation_id = $1", id_)
    assert (noted["verb"], noted["agent_id"]) == ("assigned", world.lola)
    assert (noted["details"]["from_id"], noted["details"]["to_id"]) == (world.ana, world.luis)


async def test_luis_takes_it_himself_and_puts_it_back(tx, world):
    id_ = await conversation(tx, world, team=world.support)
    await assign_to(tx, [id_], world.luis, by=world.luis)
    assert explain.sentence((await row(tx, id_))["reason"], "es") == "Para Luis, que la tomó"
    (now,) = await unassign(tx, [id_], by=world.luis)
    assert (now.assignee_id, now.team_id) == (None, world.support)
    assert explain.sentence((await row(tx, id_))["reason"], "en") == "Back in the queue: Luis put it there"


async def test_it_is_moved_into_a_teams_queue(tx, world):
    id_ = await conversation(tx, world, assignee=world.ana, team=world.support)
    (now,) = await assign_to_team(tx, [id_], world.legal, by=world.lola)
    assert (now.assignee_id, now.team_id) == (None, world.legal)
    assert tx.signals[-1].lost == [f"mine:{world.ana}", f"team:{world.support}"]


async def test_many_at_once_or_none(tx, world):
    ids = [await conversation(tx, world, contact=one) for one in (world.marta, world.jorge, world.marta)]
    assert [one.assignee_id for one in await assign_to(tx, ids, world.ana)] == [world.ana] * 3
    assert await assign_to(tx, [], world.ana) == []
    with pytest.raises(NotFound):
        await assign_to(tx, [ids[0], 999_999], world.luis)
    assert (await row(tx, ids[0]))["assignee_id"] == world.ana


async def test_only_to_somebody_and_some_team_there_is(tx, world):
    id_ = await conversation(tx, world)
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.lola)
    for agent in (world.lola, 999_999):
        with pytest.raises(BadInput) as caught:
            await assign_to(tx, [id_], agent)
        assert caught.value.field == "assignee"
    with pytest.raises(BadInput):
        await assign_to_team(tx, [id_], 999_999)
