"""Ana leaves: somebody takes her accounts and conversations, all or nothing."""

from __future__ import annotations

import pytest

from hub.plumbing.errors import BadInput
from hub.routing.leaving import belongings, hand_over
from tests.conversations.making import conversation, row


async def test_accounts_and_conversations_go_to_whoever_was_named(tx, world):
    mine = await conversation(tx, world, assignee=world.ana, team=world.support)
    covered = await conversation(tx, world, assignee=world.lola)
    await tx.execute("UPDATE conversation SET covering_for_id = $2 WHERE id = $1", covered, world.ana)
    closed = await conversation(tx, world, assignee=world.ana, state="closed")
    others = await conversation(tx, world, assignee=world.lola)
    assert await belongings(tx, world.ana) == (1, 2)
    done = await hand_over(tx, world.ana, world.luis, by=world.berta)
    assert (done.accounts, done.conversations, done.queued) == (1, 2, 0)
    account = await tx.record("SELECT owner_id, deputy_id FROM account WHERE id = $1", world.acme)
    assert dict(account) == {"owner_id": world.luis, "deputy_id": None}  # nobody is their own deputy
    for id_, agent in ((mine, world.luis), (covered, world.luis), (closed, world.ana), (others, world.lola)):
        assert (await row(tx, id_))["assignee_id"] == agent
    now = await row(tx, mine)
    assert now["reason"] == {"code": "handed_over", "agent": "Luis", "principal": "Ana"}
    assert (await row(tx, covered))["covering_for_id"] is None
    assert now["decision_id"] is not None
    assert await belongings(tx, world.ana) == (0, 0)
    noted = await tx.fetch("SELECT verb FROM history WHERE agent_id = $1 ORDER BY id", world.berta)
    assert [one["verb"] for one in noted] == ["account_handed_over", "assigned", "assigned", "handed_over"]


async def test_a_restricted_teams_go_back_to_its_queue_when_the_new_person_is_outside(tx, world):
    secret = await conversation(tx, world, assignee=world.olga, team=world.legal)
    done = await hand_over(tx, world.olga, world.ana)
    assert done.queued == 1
    now = await row(tx, secret)
    assert (now["assignee_id"], now["team_id"]) == (None, world.legal)
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'balance'") == world.legal


async def test_it_needs_somebody_else_who_works_here(tx, world):
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.lola)
    for to in (world.ana, world.lola, 999_999):
        with pytest.raises(BadInput):
            await hand_over(tx, world.ana, to)
