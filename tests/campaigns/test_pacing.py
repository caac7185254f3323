"""No minute, sender, domain or day gets more than agreed, and the same people always get the same minutes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from hub.campaigns.clock import Clock
from hub.campaigns.local_time import House, calendar, due
from hub.campaigns.pacing import Pacing
from hub.campaigns.schedule import Schedule

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 11, 23, 9, 30, 20, tzinfo=UTC)
PEOPLE = [(one % 3, ("a.test", "b.test")[one % 5 == 0]) for one in range(600)]


def placed(schedule: Schedule, people: list[tuple[int, str]], pacing: Pacing | None = None) -> list[datetime]:
    allowed = calendar(schedule, House())
    pacing = pacing or Pacing(schedule, START)
    found = []
    for sender, domain in people:
        wish = due(schedule, allowed, MADRID, START)
        assert wish is not None
        at = pacing.place(wish, sender, domain, lambda from_: due(schedule, allowed, MADRID, from_))
        assert at is not None
        found.append(at)
    return found


def most(found: list[object]) -> int:
    return max(Counter(found).values())


def test_so_many_a_minute_by_sender_and_by_domain() -> None:
    schedule = Schedule(per_minute=10, per_sender=4, per_domain=9)
    found = placed(schedule, PEOPLE)
    by_minute = [int(at.timestamp()) // 60 for at in found]
    assert found[0] == START
    assert most(list(by_minute)) == 10
    assert most(list(zip(by_minute, (sender for sender, _ in PEOPLE), strict=True))) <= 4
    assert most(list(zip(by_minute, (domain for _, domain in PEOPLE), strict=True))) <= 9
    assert max(by_minute) - min(by_minute) < 600 / 9 + 5
    assert found == placed(schedule, PEOPLE)


def test_what_does_not_fit_into_the_day_goes_on_when_the_next_one_opens() -> None:
    found = placed(Schedule(per_minute=1, warm_up=[100, 200]), PEOPLE)
    days = Counter(at.astimezone(MADRID).strftime("%a") for at in found)
    assert days == {"Mon": 100, "Tue": 200, "Wed": 300}
    assert {at.astimezone(MADRID).hour for at in found} <= set(range(9, 21))


def test_who_does_not_fit_into_the_hour_of_the_day_follows_in_the_minutes_behind_it() -> None:
    """At ten by everybody's own clock, one a minute: not one a day."""
    schedule = Schedule(when="local", day=date(2026, 11, 24), hour=time(10), closes=time(12), per_minute=1)
    clock, pacing = Clock(schedule, House()), Pacing(schedule, START)
    found = []
    for _person in range(200):
        wish = clock.due("Europe/Madrid", None, START)
        assert wish is not None
        at = pacing.place(wish, None, "a.test", lambda from_: clock.later("Europe/Madrid", None, from_))
        assert at is not None
        found.append(at.astimezone(MADRID))
    assert Counter(at.day for at in found) == {24: 120, 25: 80}
    assert (min(found).hour, max(found).strftime("%d %H:%M")) == (10, "25 11:19")
    assert {at.hour for at in found} == {10, 11}


def test_who_goes_on_where_another_stopped_gives_the_same_minutes() -> None:
    schedule = Schedule(per_minute=7, per_domain=5, warm_up=[50])
    whole = placed(schedule, PEOPLE[:200])
    later = Pacing(schedule, START)
    for at, (sender, domain) in zip(whole[:120], PEOPLE[:120], strict=True):
        later.taken(int(at.timestamp()) // 60, sender, domain)
    assert placed(schedule, PEOPLE[120:200], later) == whole[120:]
