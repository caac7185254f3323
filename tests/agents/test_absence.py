"""The calendar: planning, overlaps, who is away now, coming back early."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.agents import absence
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.routing.staff import look_up

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def plan(tx, agent, deputy=None, start=-1.0, end=1.0, **more):
    return await absence.plan(tx, agent, deputy, NOW + start * DAY, NOW + end * DAY, **more)


async def test_an_absence_is_planned_with_a_deputy_and_told(tx, world):
    made = await plan(tx, world.ana, world.luis, reason=" médico \n ", by=world.lola)
    assert (made.agent_name, made.deputy_name, made.reason, made.begun_at) == ("Ana", "Luis", "médico", None)
    assert [one.id for one in await absence.current(tx)] == [made.id]
    assert await absence.beginning(tx) == [made.id]
    noted = await tx.record("SELECT agent_id, details FROM history WHERE verb = 'absence_planned'")
    assert (noted["agent_id"], noted["details"]["agent"]) == (world.lola, world.ana)
    assert (tx.signals[-1].kind, tx.signals[-1].topics) == ("absence", ["absences", f"agent:{world.ana}"])


async def test_the_future_is_coming_and_not_current(tx, world):
    made = await plan(tx, world.ana, start=2, end=3)
    assert [one.id for one in await absence.coming(tx)] == [made.id]
    assert await absence.current(tx) == []
    assert await absence.beginning(tx) == []


async def test_two_absences_of_one_person_do_not_overlap(tx, world):
    first = await plan(tx, world.ana, start=1, end=3)
    for start, end in ((0, 1.5), (2, 4), (1.5, 2), (0, 9)):
        with pytest.raises(Conflict) as caught:
            await plan(tx, world.ana, start=start, end=end)
        assert caught.value.field == "starts_at"
    await plan(tx, world.ana, start=3, end=4)
    await plan(tx, world.luis, start=1, end=3)
    await absence.cancel(tx, first.id)
    await plan(tx, world.ana, start=1, end=3)


async def test_two_plans_at_once_do_not_overlap_either(hub, world):
    async def verb(tx):
        return await plan(tx, world.ana)

    import asyncio

    done = await asyncio.gather(*(hub.retrying(verb) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in done) == 3


async def test_wrong_people_and_dates_are_named(tx, world):
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", world.lola)
    wrong = (
        ({"agent": world.ana, "start": 2, "end": 1}, BadInput, "ends_at"),
        ({"agent": world.ana, "start": -3, "end": -2}, BadInput, "ends_at"),
        ({"agent": world.ana, "deputy": world.ana}, BadInput, "deputy"),
        ({"agent": world.ana, "deputy": world.lola}, BadInput, "deputy"),
        ({"agent": world.ana, "deputy": 999_999}, BadInput, "deputy"),
        ({"agent": 999_999}, NotFound, "agent"),
    )
    for given, error, field in wrong:
        with pytest.raises(error) as caught:
            await plan(tx, **given)
        assert caught.value.field == field


async def test_called_off_before_it_begins_it_never_was(tx, world):
    made = await plan(tx, world.ana, start=1, end=2)
    off = await absence.cancel(tx, made.id, by=world.ana)
    assert off.ended_at is not None
    assert await absence.coming(tx) == []
    with pytest.raises(Conflict):
        await absence.cancel(tx, made.id)
    with pytest.raises(NotFound):
        await absence.cancel(tx, 999_999)


async def test_back_early_its_end_is_due(tx, world):
    made = await plan(tx, world.ana)
    assert await absence.begin(tx, made.id) is not None
    assert await absence.begin(tx, made.id) is None
    await absence.cancel(tx, made.id)
    assert await absence.current(tx) == []
    assert await absence.ending(tx) == [made.id]
    assert (await absence.end(tx, made.id)).ended_at is not None
    assert await absence.end(tx, made.id) is None
    assert [one.id for one in await absence.of_agent(tx, world.ana)] == [made.id]


async def test_the_last_day_away_is_told_in_the_agents_own_zone(tx, world):
    """Back on the 13th at midnight in Madrid means away until the 12th, whatever day it is in UTC."""
    year = NOW.year + 1
    midnight = datetime(year, 9, 12, 22, 0, tzinfo=UTC)
    await absence.plan(tx, world.ana, world.luis, NOW - DAY, midnight)
    staff, _ = await look_up(tx)
    ana = staff.agents[world.ana]
    assert (ana.absent_until, ana.absence_deputy_id) == (date(year, 9, 12), world.luis)
    assert staff.agents[world.luis].absent_until is None
