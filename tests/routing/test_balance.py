"""A team's queue is shared out: oldest first, to the least loaded, once each, never over capacity."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from hub.conversations.assignment import assign_to, unassign
from hub.routing import balance as sharing
from hub.routing.balance import balance, balance_once, queue_balance, queue_balance_for, sweep
from tests.conversations.making import MORNING, conversation, row, verbs
from tests.routing.many import arrive


async def queued(tx, world, *, waiting=None, team=None, contact=None, **needs):
    """A conversation in Support's queue, to be shared out."""
    id_ = await conversation(tx, world, team=team or world.support, contact=contact)
    await tx.execute(
        "UPDATE conversation SET reason = $2, waiting_since = $3 WHERE id = $1",
        id_,
        {"code": "least_loaded", "team": "Support", "needs": needs},
        waiting or MORNING,
    )
    return id_


async def change(tx, agent_id, **fields):
    for name, value in fields.items():
        await tx.execute(f"UPDATE agent SET {name} = $2 WHERE id = $1", agent_id, value)


async def here(tx, *agent_ids):
    await tx.execute(
        """
        INSERT INTO presence (agent_id, seen_until)
        SELECT id, now() + interval '1 hour' FROM unnest($1::bigint[]) AS id
        """,
        list(agent_ids),
    )


async def assignees(tx, ids):
    rows = await tx.fetch("SELECT id, assignee_id FROM conversation WHERE id = ANY($1::bigint[])", ids)
    found = {one["id"]: one["assignee_id"] for one in rows}
    return [found[id_] for id_ in ids]


async def test_the_least_loaded_gets_it_and_the_decision_tells_why(tx, world):
    await conversation(tx, world, assignee=world.ana)
    await conversation(tx, world, assignee=world.luis)
    await conversation(tx, world, assignee=world.luis, state="closed")
    id_ = await queued(tx, world)
    assert await balance_once(tx, world.support) == 1
    now = await row(tx, id_)
    assert (now["assignee_id"], now["team_id"]) == (world.lola, world.support)
    assert now["reason"] == {"code": "balanced", "agent": "Lola", "team": "Support", "load": 0}
    assert await verbs(tx, id_) == ["assigned"]
    decision = await tx.record("SELECT * FROM decision WHERE id = $1", now["decision_id"])
    assert (decision["agent_id"], decision["row_name"]) == (world.lola, "balance")
    told = [(one["name"], one["chosen"], one["why"]["code"]) for one in decision["candidates"]]
    assert told == [("Lola", True, "least_loaded"), ("Ana", False, "busier"), ("Luis", False, "busier")]
    signal = tx.signals[-1]
    assert (signal.kind, signal.lost) == ("conversation", ["unassigned"])
    assert f"mine:{world.lola}" in signal.topics


async def test_whoever_waits_longest_comes_first(tx, world):
    for agent in (world.ana, world.luis):
        await change(tx, agent, capacity=0)
    await change(tx, world.lola, capacity=1)
    late = await queued(tx, world, waiting=MORNING + timedelta(hours=1))
    early = await queued(tx, world, waiting=MORNING)
    assert await balance_once(tx, world.support) == 1
    assert await assignees(tx, [early, late]) == [world.lola, None]


async def test_absent_inactive_full_or_outside_get_nothing(tx, world):
    await change(tx, world.luis, active=False)
    await change(tx, world.lola, capacity=0)
    await tx.execute(
        "INSERT INTO absence (agent_id, starts_at, ends_at) VALUES ($1, now(), now() + interval '1 day')",
        world.ana,
    )
    id_ = await queued(tx, world)
    assert await balance_once(tx, world.support) == 0
    assert await assignees(tx, [id_]) == [None]


async def test_skill_is_a_must_and_language_where_somebody_speaks_it(tx, world):
    await change(tx, world.luis, skills=["Fax"])
    await change(tx, world.lola, languages=["es", "en"])
    fax, english, french = (
        await queued(tx, world, skill="fax"),
        await queued(tx, world, language="en"),
        await queued(tx, world, language="fr"),
    )
    nobody = await queued(tx, world, skill="law")
    assert await balance_once(tx, world.support) == 3
    assert await assignees(tx, [fax, english, french, nobody]) == [world.luis, world.lola, world.ana, None]


async def test_those_who_wait_for_a_skill_nobody_has_hide_nobody_behind_them(tx, world, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_AT_ONCE", 2)
    nobodys = [await queued(tx, world, skill="law") for _ in range(3)]
    later = [await queued(tx, world, waiting=MORNING + timedelta(hours=1)) for _ in range(3)]
    assert await balance_once(tx, world.support) == 2
    assert await balance_once(tx, world.support) == 1
    assert None not in await assignees(tx, later)
    assert await assignees(tx, nobodys) == [None] * 3


async def test_a_chat_waits_for_somebody_here_and_mail_prefers_them(tx, world):
    chat, mail = await queued(tx, world, live=True), await queued(tx, world)
    assert await balance_once(tx, world.support) == 1
    assert await assignees(tx, [chat, mail]) == [None, world.ana]
    another = await queued(tx, world)
    await conversation(tx, world, assignee=world.lola)
    await here(tx, world.lola)
    assert await balance_once(tx, world.support) == 2
    assert await assignees(tx, [chat, another]) == [world.lola, world.lola]


async def test_what_people_put_into_the_queue_stays_there_until_somebody_takes_it(tx, world):
    id_ = await queued(tx, world)
    await balance_once(tx, world.support)
    await unassign(tx, [id_], by=world.lola)
    assert await balance_once(tx, world.support) == 0
    for state in ("closed", "aside", "snoozed"):
        await conversation(tx, world, team=world.support, state=state)
    assert await balance_once(tx, world.support) == 0
    assert await balance_once(tx, 999_999) == 0


async def test_a_restricted_team_keeps_its_queue(tx, world):
    id_ = await queued(tx, world, team=world.legal)
    assert await balance_once(tx, world.support) == 0
    assert await balance_once(tx, world.legal) == 1
    assert await assignees(tx, [id_]) == [world.olga]


async def test_somebody_in_two_teams_has_one_capacity(tx, world):
    await tx.execute("INSERT INTO team_member VALUES ($1, $2)", world.support, world.olga)
    for agent in (world.ana, world.luis, world.lola):
        await change(tx, agent, capacity=0)
    await change(tx, world.olga, capacity=2)
    for team in (world.support, world.legal):
        for _ in range(2):
            await queued(tx, world, team=team)
    assert await balance_once(tx, world.support) + await balance_once(tx, world.legal) == 2


async def test_a_todo_row_makes_sure_of_it(tx, world):
    await queue_balance(tx, world.support)
    await queue_balance_for(tx, world.olga)
    rows = await tx.fetch("SELECT ref FROM todo WHERE kind = 'balance' ORDER BY id")
    assert [one["ref"] for one in rows] == [world.support, world.legal]
    assert tx.wakes == {"todo"}


async def test_the_sweep_finds_every_team_somebody_waits_for(hub, world):
    async with hub.transaction() as tx:
        ids = [await queued(tx, world), await queued(tx, world, team=world.legal)]
        await conversation(tx, world, team=world.support)
    assert await sweep(hub) == 2
    async with hub.transaction() as tx:
        assert None not in await assignees(tx, ids)
    assert await sweep(hub) == 0


async def test_ten_at_once_give_each_conversation_to_one_agent_and_nobody_too_many(hub, world):
    async with hub.transaction() as tx:
        for agent, capacity in ((world.ana, 3), (world.luis, 4), (world.lola, 5)):
            await change(tx, agent, capacity=capacity)
        ids = [await queued(tx, world, waiting=MORNING + timedelta(minutes=n)) for n in range(20)]

    async def take(number):
        """An agent takes one by hand meanwhile: balance must not take it away."""
        async with hub.transaction() as tx:
            await assign_to(tx, [ids[number]], world.berta, by=world.berta)

    given = await asyncio.gather(*(balance(hub, world.support) for _ in range(10)), take(19), take(0))
    taken = {19, 0}
    async with hub.transaction() as tx:
        now = await assignees(tx, ids)
        decisions = await tx.fetch(
            "SELECT conversation_id, count(*) AS n FROM decision GROUP BY conversation_id"
        )
    assert all(now[number] == world.berta for number in taken)
    assert [now.count(agent) for agent in (world.ana, world.luis, world.lola)] == [3, 4, 5]
    assert sum(one or 0 for one in given[:10]) in (12, 13)  # the oldest may have been given first
    assert all(one["n"] == 1 for one in decisions)


async def test_processes_that_receive_and_balance_at_once_keep_to_one_agent_each(hub, world, settings):
    """Two processes receive for the same contact and balance the same team, with every wake-up doubled."""
    async with hub.transaction() as tx:
        for agent, capacity in ((world.ana, 10), (world.luis, 10), (world.lola, 5)):
            await change(tx, agent, capacity=capacity)
        first = await arrive(tx, world.support, world.marta, world.mail.id, "first")
    env = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "HUB_SECRET": settings.secret,
    }
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.routing.many"),
            *(str(one) for one in (world.support, world.marta, world.mail.id, number, 15)),
            env=env,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(2)
    ]
    given = [int((await process.communicate())[0]) for process in running]
    async with hub.transaction() as tx:
        rows = await tx.fetch("SELECT assignee_id, count(*) AS n FROM conversation GROUP BY assignee_id")
        decisions = await tx.value("SELECT count(*) FROM decision")
        oldest = await row(tx, first)
    loads = {one["assignee_id"]: one["n"] for one in rows}
    assert loads == {world.ana: 10, world.luis: 10, world.lola: 5, None: 6}
    assert sum(given) == decisions == 25
    assert oldest["assignee_id"] is not None
