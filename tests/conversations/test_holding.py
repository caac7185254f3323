"""Everybody changes the same conversations at once: no deadlock, nothing half done, one history row a change."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from hub.conversations import aside, assignment, closing, joining, labels
from hub.conversations.refresh import refresh
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, row, said
from tests.world import World

Verb = Callable[[Tx], Awaitable[object]]


def verbs(ids: list[int], chance: random.Random, world: World) -> Verb:
    """One change an agent might ask for."""
    one, other = chance.sample(ids, 2)
    by = chance.choice([world.ana, world.luis])
    choices: list[Verb] = [
        partial(joining.join, conversation_id=one, into_id=other, agent_id=by),
        partial(joining.separate, conversation_id=one, agent_id=by),
        partial(closing.close, conversation_id=one, agent_id=by),
        partial(closing.reopen, conversation_id=one, agent_id=by),
        partial(aside.put_aside, conversation_id=one, agent_id=by),
        partial(aside.bring_back, conversation_id=one, agent_id=by),
        partial(
            labels.prioritise,
            conversation_id=one,
            priority=chance.choice(list(labels.PRIORITIES)),
            agent_id=by,
        ),
        partial(assignment.assign_to, conversation_ids=[other, one], agent_id=world.ana, by=world.luis),
    ]
    return chance.choice(choices)


async def test_crossing_changes_never_deadlock_and_leave_every_line_right(hub: Hub, world: World) -> None:
    chance = random.Random(7)
    async with hub.transaction() as tx:
        ids = [
            await conversation(tx, world, contact=contact)
            for contact in (world.marta, world.jorge, world.marta, world.jorge)
        ]
        for id_ in ids:
            await said(tx, world, id_)

    async def change() -> None:
        for _again in range(15):
            try:
                await hub.retrying(verbs(ids, chance, world))
            except Conflict:
                continue

    await asyncio.gather(*(change() for _agent in range(6)))
    async with hub.transaction() as tx:
        rows = [await row(tx, id_) for id_ in ids]
        joined = {one["id"]: one["joined_into_id"] for one in rows}
        assert all(joined[target] is None for target in joined.values() if target), "links are one long"
        assert all(one["state"] == "closed" for one in rows if one["joined_into_id"])
        assert all((one["closed_at"] is None) == (one["state"] != "closed") for one in rows)
        for one in rows:
            if one["joined_into_id"]:
                await joining.separate(tx, one["id"], agent_id=None)
        before = [await row(tx, id_) for id_ in ids]
        await refresh(tx, ids)
        after = [await row(tx, id_) for id_ in ids]
        skip = {"waiting_since", "version"}
        assert [{k: v for k, v in one.items() if k not in skip} for one in before] == [
            {k: v for k, v in one.items() if k not in skip} for one in after
        ]
