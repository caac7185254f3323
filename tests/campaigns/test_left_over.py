"""What comes back when its moment has passed: it gets another hour, or ends; it never waits for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.campaigns import (
    approving,
    calling_off,
    caps,
    figures,
    freezing,
    halting,
    making,
    preparing,
    running,
)
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers, draft, prepared, worked
from tests.campaigns.sending import running as sending
from tests.campaigns.test_running import approved, make, state
from tests.deliveries.road import DOMAIN
from tests.world import World
from workers.campaigning import begin_and_end, watch_over


async def test_what_is_refused_until_the_hours_end_is_tried_when_they_open_again(
    hub: Hub, world: World
) -> None:
    """A server said "later" five minutes before nine in the evening."""
    sent = await sending(hub, world, 1)
    assert await make(hub) == 1
    await hub.pool.execute(
        """
        UPDATE delivery SET tries = 1, started_at = now() - interval '6 minutes', code = '451',
               due_at = now() - interval '1 minute', leave_before = now() - interval '5 minutes'
        """
    )
    await watch_over(hub)
    row = await hub.pool.fetchrow(
        "SELECT state, tries, leave_before > now() AS may, recipient_id FROM delivery"
    )
    assert tuple(row) == ("queued", 1, True, sent.recipients[0]), "the same delivery, with new hours"
    await hub.pool.execute(
        """
        UPDATE campaign SET schedule = jsonb_set(schedule, '{weekdays}', to_jsonb(
            array[(extract(isodow FROM now())::int + 1) % 7]))  -- the day after tomorrow
        """
    )
    await hub.pool.execute("UPDATE delivery SET leave_before = now() - interval '5 minutes'")
    await watch_over(hub)
    assert await hub.pool.fetchval("SELECT due_at > now() FROM delivery"), "not before they open"


async def test_whom_an_answer_stopped_is_not_planned_again(hub: Hub, world: World) -> None:
    sent = await sending(hub, world, 1)
    await make(hub)
    await hub.pool.execute("UPDATE recipient SET reason = 'reply'")
    await hub.pool.execute("UPDATE delivery SET leave_before = now() - interval '1 second'")
    await watch_over(hub)
    assert tuple(await hub.pool.fetchrow("SELECT state, reason FROM recipient")) == ("stopped", "reply")
    await begin_and_end(hub)
    assert await state(hub, sent.id) == ("finished", False)


async def test_what_comes_back_to_a_campaign_that_was_called_off_ends_too(hub: Hub, world: World) -> None:
    """One letter was claimed, another was just being made when Mario called the rest off."""
    sent = await sending(hub, world, 2)
    await make(hub)
    await hub.pool.execute("UPDATE delivery SET state = 'claimed', lease_until = now() + interval '1 minute'")
    async with hub.transaction() as tx:
        await running.cancel(tx, sent.id, world.mario)
    await worked(hub, sent.id)
    await hub.pool.execute("UPDATE delivery SET state = 'queued'")
    await watch_over(hub)
    await worked(hub, sent.id)
    rows = await hub.pool.fetch("SELECT DISTINCT state, code FROM delivery")
    assert [tuple(row) for row in rows] == [("canceled", "called_off")]


async def test_who_got_nothing_of_a_campaign_that_was_called_off_may_be_touched_by_another(
    hub: Hub, world: World
) -> None:
    """Of six one has it, one perhaps, one is on the wire; two wait again after a claim, one was never made."""
    sent = await sending(hub, world, 6)
    async with hub.transaction() as tx:
        assert await making.make(tx, DOMAIN, most=5) == 5
        places = [caps.Wanted(id_, 10_000 + id_, sent.id, 1) for id_ in sent.recipients]
        assert not await caps.take(tx, places)
        for number, state_ in enumerate(("sent", "unknown", "sending", "queued", "queued")):
            await tx.execute(
                "UPDATE delivery SET state = $2, lease_until = now() + interval '1 minute' WHERE recipient_id = $1",
                sent.recipients[number],
                state_,
            )
        await running.cancel(tx, sent.id, world.mario)
    after: int | None = 0
    batches = 0
    while after is not None:
        async with hub.transaction() as tx:
            after = await calling_off.end_waiting(tx, sent.id, after, most=4)
            batches += 1
    assert batches == 3, "each is looked at once"
    touched = "SELECT recipient_id FROM touch ORDER BY 1"
    assert [row[0] for row in await hub.pool.fetch(touched)] == sent.recipients[:3]
    assert await hub.pool.fetchval("SELECT state FROM recipient ORDER BY id DESC LIMIT 1") == "stopped"
    await hub.pool.execute("UPDATE delivery SET state = 'queued' WHERE state = 'sending'")
    async with hub.transaction() as tx:
        await tx.execute("DELETE FROM todo")
        assert await calling_off.end_late(tx) == 1
    assert [row[0] for row in await hub.pool.fetch(touched)] == sent.recipients[:2]


async def test_who_was_being_prepared_when_it_was_called_off_waits_for_nothing(
    hub: Hub, world: World
) -> None:
    campaign_id, _people = await approved(hub, world, 2)
    await hub.pool.execute("UPDATE recipient SET state = 'frozen'")
    async with hub.transaction() as tx:
        await running.cancel(tx, campaign_id, world.mario)
    await worked(hub, campaign_id)
    rows = await hub.pool.fetch("SELECT DISTINCT state, reason FROM recipient")
    assert [tuple(row) for row in rows] == [("stopped", "called_off")]


async def test_after_a_restore_what_was_being_prepared_is_prepared_again(hub: Hub, world: World) -> None:
    """A backup was taken in the middle of the preparation: half a plan, and the work on it, came back with it."""
    async with hub.transaction() as tx:
        await customers(tx, 3)
        made = await draft(tx, world)
        other = await draft(tx, world)
    await prepared(hub, made.id, world)
    await prepared(hub, other.id, world)
    async with hub.transaction() as tx:
        await tx.execute("UPDATE campaign SET state = 'preparing' WHERE id = $1", made.id)
        assert await halting.halt(tx, "x.test", "restored", datetime.now(UTC)) == 1
    assert (await state(hub, made.id))[0] == "draft"
    again = await prepared(hub, made.id, world)
    assert (again.state, again.total) == ("prepared", 3)
    assert await hub.pool.fetchval("SELECT why FROM campaign WHERE id = $1", other.id) == "restored"


async def test_after_a_restore_whoever_lets_it_go_on_says_to_how_many_it_perhaps_wrote(
    hub: Hub, world: World
) -> None:
    """One was paused at the backup, another waited for its approval: both perhaps left meanwhile."""
    paused, _people = await approved(hub, world, 3)
    async with hub.transaction() as tx:
        await customers(tx, 2)
        other = await draft(tx, world)
    await prepared(hub, other.id, world)
    async with hub.transaction() as tx:
        await tx.execute("UPDATE campaign SET state = 'paused' WHERE id = $1", paused)
        await tx.execute(
            """
            UPDATE recipient SET due_at = now() + CASE WHEN id = (SELECT min(id) FROM recipient)
                                                       THEN interval '1 day' ELSE interval '-1 minute' END
            """
        )
        await halting.halt(tx, "x.test", "restored", datetime.now(UTC) - timedelta(hours=1))
    async with hub.transaction() as tx:
        assert (await figures.progress(tx, paused)).perhaps == 2, "the third was to leave tomorrow"
        for wrong in (None, 1, 3):
            with pytest.raises(BadInput, match="2") as refused:
                await running.resume(tx, paused, world.mario, perhaps=wrong)
            assert refused.value.field == "perhaps"
        assert (await running.resume(tx, paused, world.mario, perhaps=2)).state == "running"
        assert (await figures.progress(tx, paused)).perhaps == 0
        await running.pause(tx, paused, world.mario)
        assert (await running.resume(tx, paused, world.mario)).state == "running", "it is said once"
        total = await approving.people(tx, other.id)
        with pytest.raises(BadInput, match=str(total)):
            await approving.approve(tx, other.id, total=total, agent_id=world.lola)
    async with hub.transaction() as tx:  # a plan made anew is in doubt as a whole
        await preparing.back_to_draft(tx, other.id, world.mario)
        await preparing.begin(tx, other.id, world.mario)
    await worked(hub, other.id)
    async with hub.transaction() as tx:
        with pytest.raises(BadInput, match=str(total)):
            await approving.approve(tx, other.id, total=total, agent_id=world.lola)
        done = await approving.approve(tx, other.id, total=total, agent_id=world.lola, perhaps=total)
        assert done.state == "scheduled"


async def test_work_on_a_plan_thrown_away_does_not_end_the_next_one(hub: Hub, world: World) -> None:
    """Mario takes it back in the middle of the preparation and prepares it again at once."""
    async with hub.transaction() as tx:
        await customers(tx, 3)
        made = await draft(tx, world)
        await preparing.begin(tx, made.id, world.mario)
    async with hub.transaction() as tx:
        assert await freezing.freeze(tx, made.id) == 3
        await tx.execute("DELETE FROM todo WHERE kind = $1", freezing.TODO)
        await preparing.back_to_draft(tx, made.id, world.mario)
        await preparing.begin(tx, made.id, world.mario)
    again = await worked(hub, made.id)
    assert (again.state, again.total) == ("prepared", 3)
