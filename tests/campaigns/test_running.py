"""A campaign's life: begun once, paused and gone on with, called off, followed by later steps, never hours late."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from hub.campaigns import approving, making, running, sequencing
from hub.campaigns.clock import Clock
from hub.campaigns.local_time import House
from hub.campaigns.sequencing import Follower, Verdict
from hub.customers import contacts
from hub.deliveries import gated
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import ANY_TIME, customers, draft, prepared, worked
from tests.campaigns.sending import running as sending
from tests.world import World
from workers.campaigning import begin_and_end, watch_over

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)


async def approved(hub: Hub, world: World, people: int, **wishes: object) -> tuple[int, list[int]]:
    """Mario's campaign to so many, approved by Lola, its times counted."""
    async with hub.transaction() as tx:
        ids = await customers(tx, people)
        made = await draft(tx, world, **wishes)  # type: ignore[arg-type]
    await prepared(hub, made.id, world)
    async with hub.transaction() as tx:
        await approving.approve(tx, made.id, total=people, agent_id=world.lola)
    await worked(hub, made.id)
    return made.id, ids


async def state(hub: Hub, campaign_id: int) -> tuple[str, bool]:
    row = await hub.pool.fetchrow(
        "SELECT c.state, g.open FROM campaign c JOIN gate g ON g.id = c.gate_id WHERE c.id = $1", campaign_id
    )
    return row["state"], row["open"]


async def make(hub: Hub) -> int:
    async with hub.transaction() as tx:
        return await making.make(tx, "x.test")


async def test_paused_gone_on_with_and_called_off(hub: Hub, world: World) -> None:
    campaign_id, _ids = await approved(hub, world, 3)
    await begin_and_end(hub)
    assert await state(hub, campaign_id) == ("running", True)
    assert await make(hub) == 3
    async with hub.transaction() as tx:
        await running.pause(tx, campaign_id, world.mario)
        # the night came: what waited may not leave any more today, what is on the wire is not touched
        await tx.execute("UPDATE delivery SET leave_before = now() - interval '1 second'")
        await tx.execute(
            """
            UPDATE delivery SET state = 'sent', started_at = now(), sent_at = now()
            WHERE id = (SELECT min(id) FROM delivery)
            """
        )
    assert await state(hub, campaign_id) == ("paused", False)
    async with hub.transaction() as tx:
        await running.resume(tx, campaign_id, world.mario)
    assert await state(hub, campaign_id) == ("running", True)
    states = await hub.pool.fetch("SELECT state FROM recipient ORDER BY id")
    assert [row["state"] for row in states] == ["made", "ready", "ready"], "they are planned again, once"
    assert await make(hub) == 2
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 3
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE recipient SET state = 'ready', made_at = NULL WHERE id = (SELECT max(id) FROM recipient)"
        )
        await tx.execute("DELETE FROM delivery WHERE id = (SELECT max(id) FROM delivery)")
        await running.cancel(tx, campaign_id, world.mario)
    await worked(hub, campaign_id)
    ended = await hub.pool.fetch(
        "SELECT d.state, r.reason FROM recipient r LEFT JOIN delivery d ON d.recipient_id = r.id ORDER BY r.id"
    )
    assert [tuple(row) for row in ended] == [("sent", ""), ("canceled", ""), (None, "called_off")]


async def test_what_is_hours_late_waits_for_a_person(hub: Hub, world: World) -> None:
    """Nothing ran for three hours: neither who starts campaigns nor who claims sends what should have left then."""
    sent = await sending(hub, world, 2)
    assert await make(hub) == 2
    late, _ids = await approved(hub, world, 1)
    await hub.pool.execute("UPDATE gate SET beat_at = now() - interval '3 hours'")
    await hub.pool.execute("UPDATE delivery SET due_at = due_at - interval '3 hours'")
    await hub.pool.execute(
        "UPDATE recipient SET due_at = due_at - interval '3 hours' WHERE campaign_id = $1", late
    )
    async with hub.transaction() as tx:
        assert await gated.claim(tx, "w", {world.mail.id: 10}, lease_seconds=60) == []
    await begin_and_end(hub)
    await watch_over(hub)
    assert [await state(hub, one) for one in (sent.id, late)] == [("paused", False)] * 2
    why = await hub.pool.fetchval("SELECT why FROM campaign WHERE id = $1", sent.id)
    assert "más de dos horas" in why
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'notification'") == 2
    async with hub.transaction() as tx:
        await running.resume(tx, sent.id, world.mario)
        assert len(await gated.claim(tx, "w", {world.mail.id: 10}, lease_seconds=60)) == 2


async def test_a_gate_that_somebody_looks_after_stays_open(hub: Hub, world: World) -> None:
    sent = await sending(hub, world, 1)
    await hub.pool.execute("UPDATE gate SET beat_at = now() - interval '1 hour'")
    await watch_over(hub)
    assert await state(hub, sent.id) == ("running", True)
    assert await hub.pool.fetchval(
        "SELECT beat_at > now() - interval '1 minute' FROM gate WHERE id = $1", sent.gate_id
    )
    await hub.pool.execute("UPDATE recipient SET due_at = now() + interval '1 day'")
    await hub.pool.execute("UPDATE gate SET beat_at = now() - interval '3 hours'")
    await watch_over(hub)
    assert await state(hub, sent.id) == ("running", True), "nothing was late: nobody has to be asked"


FOLLOWER = Follower(
    id=1, campaign_id=1, contact_id=1, zone="Europe/Madrid", after_days=3, before="made", delivery="sent",
    stops=["reply", "bounce", "conversation", "purchase"], sent_at=NOON - 3 * DAY, now=NOON, answered=False,
    talking=False, bought=False,
)  # fmt: skip


def test_a_later_step_goes_only_to_whom_nothing_ended_it() -> None:
    clock = Clock(ANY_TIME, House(quiet_from=time(0), quiet_until=time(0)))

    def verdict(**changes: object) -> Verdict:
        return sequencing.decide(msgspec.structs.replace(FOLLOWER, **changes), clock, None)

    assert verdict() == Verdict()
    assert verdict(answered=True).stopped == "reply"
    assert verdict(talking=True).stopped == "conversation"
    assert verdict(bought=True).stopped == "purchase"
    assert verdict(delivery="failed").stopped == "bounce"
    assert verdict(delivery="failed", sent_at=None).stopped == "not_sent"
    assert verdict(before="dropped", delivery=None, sent_at=None).stopped == "not_sent"
    assert verdict(answered=True, talking=True, bought=True, stops=[]) == Verdict()
    waiting = verdict(delivery="queued", sent_at=None).later
    assert waiting == FOLLOWER.now + sequencing.NOT_YET
    sent_late = FOLLOWER.now - DAY
    later = verdict(sent_at=sent_late).later
    assert later is not None
    assert abs(later - sent_late - 3 * DAY) <= timedelta(hours=1, minutes=1), (
        "three days after it was really sent"
    )


async def test_steps_follow_stop_and_wait(hub: Hub, world: World) -> None:
    """Of four people one answers, one is paused and goes on, one is stopped at once, one gets the second message."""
    campaign_id, people = await approved(hub, world, 4, steps_after=(2,))
    await begin_and_end(hub)
    assert await make(hub) == 4, "the second step is not due"
    answers, paused, bounced, follows = people
    async with hub.transaction() as tx:
        await tx.execute("UPDATE delivery SET state = 'sent', sent_at = now() - interval '3 days'")
        await tx.execute("UPDATE recipient SET due_at = now() WHERE step = 2")
        await tx.execute(
            "UPDATE recipient SET probable_at = now() WHERE step = 1 AND contact_id = $1", answers
        )
        assert await sequencing.pause_person(tx, campaign_id, paused, world.mario) == 1
        await tx.execute(
            """
            UPDATE delivery SET state = 'failed' WHERE recipient_id = (
                SELECT id FROM recipient WHERE step = 1 AND contact_id = $1)
            """,
            bounced,
        )
        await making.make(tx, "x.test")
    assert await second_steps(hub) == {
        answers: ("stopped", "reply"),
        paused: ("stopped", "paused"),
        bounced: ("stopped", "bounce"),
        follows: ("made", ""),
    }
    async with hub.transaction() as tx:
        assert await sequencing.resume_person(tx, campaign_id, paused, world.mario) == 1
        await making.make(tx, "x.test")
    assert (await second_steps(hub))[paused] == ("made", "")
    await hub.pool.execute("UPDATE delivery SET state = 'sent'")
    await begin_and_end(hub)
    assert (await state(hub, campaign_id))[0] == "finished"


async def second_steps(hub: Hub) -> dict[int, tuple[str, str]]:
    rows = await hub.pool.fetch("SELECT contact_id, state, reason FROM recipient WHERE step = 2")
    return {row["contact_id"]: (row["state"], row["reason"]) for row in rows}


async def test_who_goes_on_hours_later_keeps_the_pace_and_a_new_zone_counts_to_the_last_minute(
    hub: Hub, world: World
) -> None:
    paced = msgspec.structs.replace(ANY_TIME, per_minute=2)
    campaign_id, people = await approved(hub, world, 6, schedule=paced)
    await begin_and_end(hub)
    await make(hub)
    async with hub.transaction() as tx:
        await running.pause(tx, campaign_id, world.mario)
        await tx.execute("DELETE FROM delivery")
        await tx.execute("UPDATE recipient SET state = 'ready', due_at = now() - interval '3 hours'")
        await running.resume(tx, campaign_id, world.mario)
    assert await make(hub) == 0, "all of them are late: their minutes are shared out first"
    await worked(hub, campaign_id)
    minutes = await hub.pool.fetch(
        "SELECT count(*) AS n FROM recipient GROUP BY date_trunc('minute', due_at)"
    )
    assert [row["n"] for row in minutes] == [2, 2, 2]
    assert await make(hub) == 6
    moved = people[0]
    async with hub.transaction() as tx:
        closed = msgspec.structs.replace(paced, opens=time(8), closes=time(20))
        local = msgspec.structs.replace(closed, when="local", day=date(2099, 6, 1), hour=time(10))
        await tx.execute("UPDATE campaign SET schedule = $1", msgspec.to_builtins(local))
        await contacts.change(tx, moved, time_zone="America/Lima")
    await worked(hub, campaign_id)
    row = await hub.pool.fetchrow("SELECT state, due_at FROM recipient WHERE contact_id = $1", moved)
    assert (row["state"], str(row["due_at"])) == ("ready", "2099-06-01 15:00:00+00:00")
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 5
