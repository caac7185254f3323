"""What one batch leaves to the next is read again as soon as somebody changed it, whichever process did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.channels.base import Raw
from hub.conversations.thread_lookup import Wanted
from hub.customers import resolving
from hub.entering import Entered
from hub.intake import Inbound
from hub.routing import engine, staff
from hub.routing.cases import Staff
from hub.world import Memory, _found
from tests.campaigns.planning import planned
from tests.world import World

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def holder(inbound: Inbound, world: World, number: int) -> int | None:
    """Who gets a new mail of a new person at Acme's domain."""
    raw = (
        f"From: n{number}@acme.test\r\nTo: {world.mail.address}\r\nSubject: Duda {number}\r\n"
        f"Message-ID: <memory{number}@acme.test>\r\n\r\nHola"
    )
    outcome = await inbound.receive(world.mail, Raw(body=raw.encode()))
    found: int | None = await inbound.hub.pool.fetchval(
        "SELECT assignee_id FROM conversation WHERE id = $1", outcome.conversation_id
    )
    return found


async def test_the_staff_is_kept_until_another_connections_change_is_committed(hub, world, inbound):
    assert await holder(inbound, world, 1) == world.ana
    kept = inbound.memory.standing
    assert await holder(inbound, world, 2) == world.ana
    assert inbound.memory.standing is kept
    async with hub.pool.acquire() as other:
        change = other.transaction()
        await change.start()
        await other.execute(
            "INSERT INTO absence (agent_id, deputy_id, starts_at, ends_at) "
            "VALUES ($1, $2, now() - interval '1 hour', now() + interval '1 day')",
            world.ana,
            world.luis,
        )
        assert await holder(inbound, world, 3) == world.ana  # nobody can know of it yet
        await change.commit()
    assert await holder(inbound, world, 4) == world.luis
    await hub.pool.execute("DELETE FROM absence WHERE agent_id = $1", world.ana)
    assert await holder(inbound, world, 5) == world.ana


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE agent SET capacity = capacity + 1 WHERE id = (SELECT min(id) FROM agent)",
        "UPDATE agent SET skills = '{fax}' WHERE id = (SELECT min(id) FROM agent)",
        "INSERT INTO team (name) VALUES ('Nueva')",
        "DELETE FROM team_member",
        "INSERT INTO rule_set (rows) VALUES ('[]')",
    ],
)
async def test_every_change_that_routing_looks_at_is_noticed(hub, world, change):
    async with hub.transaction() as tx:
        before = await tx.several(engine.asked_standing() | engine.asked_moment())
        await tx.execute(change)
    async with hub.transaction() as tx:
        assert not engine.stands(engine.standing(before), await tx.several(engine.asked_moment()))


async def test_who_signs_in_or_is_seen_changes_nothing(hub, world):
    async with hub.transaction() as tx:
        before = engine.standing(await tx.several(engine.asked_standing() | engine.asked_moment()))
        await tx.execute("UPDATE agent SET theme = 'dark', access_version = access_version + 1")
        await tx.execute(
            "INSERT INTO presence (agent_id, seen_until) SELECT id, now() FROM agent "
            "ON CONFLICT (agent_id) DO UPDATE SET seen_until = excluded.seen_until"
        )
    async with hub.transaction() as tx:
        assert engine.stands(before, await tx.several(engine.asked_moment()))


async def test_an_absence_to_come_is_a_border(hub, world):
    async with hub.transaction() as tx:
        await tx.execute(
            "INSERT INTO absence (agent_id, starts_at, ends_at) "
            "VALUES ($1, now() + interval '1 hour', now() + interval '2 days')",
            world.ana,
        )
        found = await tx.several(engine.asked_standing() | engine.asked_moment())
        assert engine.standing(found).until == await tx.value("SELECT now() + interval '1 hour'")


@pytest.mark.parametrize(("passed", "stands"), [(-1, True), (0, False), (1, False)])
def test_what_was_read_stands_until_the_next_border_of_an_absence(passed, stands):
    kept = engine.Standing(version=3, until=NOON, staff=Staff(agents={}, teams={}), rules=staff.starter())
    moment = staff._Moment(version=3, at=NOON + timedelta(seconds=passed))
    assert engine.stands(kept, {"staff_moment": [moment]}) is stands


async def test_a_batch_decides_with_the_staff_it_compared(hub, world, monkeypatch):
    """Another one may put what it read before into the memory, between two statements of ours."""
    wanted = Wanted(message_ids=[], conversation_ids=[], keys=[], has_short_kinds=False)
    met = resolving.Met([world.jorge_address], frozenset())
    entered = Entered(fresh=[], met=met, wanted=wanted, proven={}, tokens={}, named=[])
    memory = Memory()
    async with hub.transaction() as tx:
        await planned(tx, world)
        await tx.execute("UPDATE campaign SET started_at = now()")  # what it sent is a second statement's
        _, compared = await _found(tx, entered, memory)
        memory.campaigns = False
        several, asked = tx.several, []

        async def meanwhile(questions, **given):
            asked.append(questions)
            found = await several(questions, **given)
            memory.standing = msgspec.structs.replace(compared, version=compared.version - 1)
            return found

        monkeypatch.setattr(tx, "several", meanwhile)
        _, standing = await _found(tx, entered, memory)
    assert len(asked) == 2
    assert standing is compared
