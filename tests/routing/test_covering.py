"""An absence begins: who waits for Ana goes to Luis; it ends: what is still open returns to her."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from hub.agents import absence
from hub.conversations.assignment import assign_to
from hub.routing import explain
from hub.routing.covering import begin, begin_due, end, end_due
from tests.conversations.making import MORNING, conversation, row, verbs

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def waiting(tx, world, **more):
    """An open conversation of Ana's whose customer waits."""
    id_ = await conversation(tx, world, **({"assignee": world.ana, "team": world.support} | more))
    await tx.execute("UPDATE conversation SET waiting_since = $2 WHERE id = $1", id_, MORNING)
    return id_


async def away(tx, agent, deputy=None):
    made = await absence.plan(tx, agent, deputy, NOW - DAY, NOW + DAY)
    return made.id


async def back(tx, absence_id):
    await absence.cancel(tx, absence_id)
    return await end(tx, absence_id)


async def holder(tx, id_):
    now = await row(tx, id_)
    return now["assignee_id"], now["covering_for_id"]


async def test_who_waits_goes_to_the_deputy_and_returns(tx, world):
    wait = await waiting(tx, world)
    quiet = await conversation(tx, world, assignee=world.ana)
    closed = await waiting(tx, world, state="closed")
    other = await waiting(tx, world, assignee=world.lola)
    ill = await away(tx, world.ana, world.luis)
    assert [one.id for one in await begin(tx, ill)] == [wait]
    assert await holder(tx, wait) == (world.luis, world.ana)
    for untouched, agent in ((quiet, world.ana), (closed, world.ana), (other, world.lola)):
        assert await holder(tx, untouched) == (agent, None)
    reason = (await row(tx, wait))["reason"]
    assert explain.sentence(reason, "en").startswith("To Luis, covering for Ana, away until ")
    assert await begin(tx, ill) == []
    assert [one.id for one in await back(tx, ill)] == [wait]
    assert await holder(tx, wait) == (world.ana, None)
    assert explain.sentence((await row(tx, wait))["reason"], "es") == "Vuelve a Ana, que ya está de vuelta"
    assert await verbs(tx, wait) == ["assigned", "assigned"]
    names = await tx.fetch("SELECT row_name FROM decision WHERE conversation_id = $1 ORDER BY id", wait)
    assert [one["row_name"] for one in names] == ["covering", "returned"]


async def test_without_a_named_deputy_the_accounts_deputy_covers_else_the_team(tx, world):
    of_acme = await waiting(tx, world, account=world.acme)
    private = await waiting(tx, world, contact=world.jorge)
    nobodys = await waiting(tx, world, team=None)
    ill = await away(tx, world.ana)
    await begin(tx, ill)
    assert await holder(tx, of_acme) == (world.luis, world.ana)
    assert await holder(tx, private) == (None, world.ana)
    assert (await row(tx, private))["reason"]["code"] == "cover_queue"
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'balance'") == world.support
    assert await holder(tx, nobodys) == (None, world.ana)
    await back(tx, ill)
    for id_ in (of_acme, private, nobodys):
        assert await holder(tx, id_) == (world.ana, None)


async def test_closed_meanwhile_or_given_on_by_hand_stays(tx, world):
    closed, given, snoozed = [await waiting(tx, world) for _ in range(3)]
    ill = await away(tx, world.ana, world.luis)
    await begin(tx, ill)
    await tx.execute("UPDATE conversation SET state = 'closed' WHERE id = $1", closed)
    await tx.execute("UPDATE conversation SET state = 'snoozed' WHERE id = $1", snoozed)
    await assign_to(tx, [given], world.lola, by=world.lola)
    assert [one.id for one in await back(tx, ill)] == [snoozed]
    assert await holder(tx, given) == (world.lola, None)
    assert (await holder(tx, closed))[0] == world.luis


async def test_when_the_deputy_falls_ill_too_it_still_returns_to_ana(tx, world):
    wait = await waiting(tx, world)
    ana_ill = await away(tx, world.ana, world.luis)
    await begin(tx, ana_ill)
    luis_ill = await away(tx, world.luis, world.lola)
    await begin(tx, luis_ill)
    assert await holder(tx, wait) == (world.lola, world.ana)
    assert await back(tx, luis_ill) == []
    assert await holder(tx, wait) == (world.lola, world.ana)
    await back(tx, ana_ill)
    assert await holder(tx, wait) == (world.ana, None)


async def test_nothing_returns_to_somebody_who_left_or_is_away_again(tx, world):
    wait = await waiting(tx, world)
    ill = await away(tx, world.ana, world.luis)
    await begin(tx, ill)
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.ana)
    assert await back(tx, ill) == []
    assert await holder(tx, wait) == (world.luis, world.ana)


async def test_an_outsider_does_not_cover_in_a_restricted_team(tx, world):
    wait = await waiting(tx, world, assignee=world.olga, team=world.legal)
    ill = await away(tx, world.olga, world.ana)
    await begin(tx, ill)
    assert await holder(tx, wait) == (None, world.olga)
    assert (await row(tx, wait))["team_id"] == world.legal


async def test_called_off_before_it_began_nothing_moves(tx, world):
    wait = await waiting(tx, world)
    ill = await away(tx, world.ana, world.luis)
    await absence.cancel(tx, ill)
    assert await begin(tx, ill) == []
    assert await holder(tx, wait) == (world.ana, None)


async def test_what_is_due_is_done_once_by_however_many_processes(hub, world):
    async with hub.transaction() as tx:
        wait = await waiting(tx, world)
        ill = await away(tx, world.ana, world.luis)
    assert sum(await asyncio.gather(*(begin_due(hub) for _ in range(5)))) == 1
    async with hub.transaction() as tx:
        assert await holder(tx, wait) == (world.luis, world.ana)
        await absence.cancel(tx, ill)
    assert sum(await asyncio.gather(*(end_due(hub) for _ in range(5)))) == 1
    async with hub.transaction() as tx:
        assert await holder(tx, wait) == (world.ana, None)
        assert await verbs(tx, wait) == ["assigned", "assigned"]
