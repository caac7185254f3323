"""On people's own clocks: sent once, at their hour, never outside hours, whatever the clocks do at night."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.campaigns.local_time import House, calendar, closing, due, first_permitted, instant, zone_of
from hub.campaigns.schedule import Schedule
from hub.customers.contact_hours import Hours

MADRID = ZoneInfo("Europe/Madrid")
ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)
NEVER_QUIET = House(quiet_from=time(0), quiet_until=time(0))
ODD = ("Europe/Madrid", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
       "Pacific/Apia", "America/New_York", "Asia/Tehran", "Africa/Casablanca", "Pacific/Chatham")  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(moment: datetime | None, zone: ZoneInfo = MADRID) -> str:
    assert moment is not None
    return moment.astimezone(zone).strftime("%a %d %H:%M")


def planned(
    start: str, *, house: House = House(), own: Hours | None = None, **wish: object
) -> datetime | None:
    schedule = Schedule(**wish)  # type: ignore[arg-type]
    return due(schedule, calendar(schedule, house, own), MADRID, at(start))


@pytest.mark.parametrize(
    ("wish", "start", "expected"),
    [
        ({"when": "now"}, "2026-11-23T10:17:00+01:00", "Mon 23 10:17"),
        ({"when": "now"}, "2026-11-23T22:00:00+01:00", "Tue 24 09:00"),
        ({"when": "now"}, "2026-11-20T21:00:00+01:00", "Mon 23 09:00"),
        ({"when": "moment", "day": date(2026, 11, 24)}, "2026-11-23T10:00:00+01:00", "Tue 24 10:00"),
        ({"when": "moment", "day": date(2026, 11, 21)}, "2026-11-20T10:00:00+01:00", "Mon 23 09:00"),
        ({"when": "local", "day": date(2026, 11, 23)}, "2026-11-23T09:00:00+01:00", "Mon 23 10:00"),
        ({"when": "local", "day": date(2026, 11, 23)}, "2026-11-23T10:00:01+01:00", "Tue 24 10:00"),
        ({"when": "local", "day": date(2026, 11, 23), "hour": time(22)}, "2026-11-23T09:00:00+01:00", "Tue 24 09:00"),
        ({"when": "local", "day": date(2026, 12, 25)}, "2026-11-23T10:00:00+01:00", "Mon 28 10:00"),
    ],
)  # fmt: skip
def test_each_gets_it_at_the_hour_of_their_own_day(
    wish: dict[str, object], start: str, expected: str
) -> None:
    house = House(holidays=frozenset([date(2026, 12, 25)]))
    assert local(planned(start, house=house, **wish)) == expected


def test_the_hours_and_days_a_person_chose_count() -> None:
    evening = Hours(starts=time(18), ends=time(20), days=(2,))
    start = "2026-11-23T10:00:00+01:00"
    assert local(planned(start, own=evening)) == "Wed 25 18:00"
    night = Hours(starts=time(22), ends=time(23))
    assert planned(start, own=night) is None
    assert planned(start, own=Hours(starts=time(9), ends=time(20), days=(5, 6))) is None


def test_a_clock_that_skips_the_hour_gives_its_first_minute_and_one_that_repeats_it_the_first_time() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert instant(spring, 150, MADRID) == at("2026-03-29T03:00:00+02:00")
    assert instant(autumn, 150, MADRID) == at("2026-10-25T02:30:00+02:00")
    assert instant(autumn, 150, MADRID, second=True) == at("2026-10-25T02:30:00+01:00")
    assert instant(date(2018, 11, 4), 0, ZoneInfo("America/Sao_Paulo")) == at("2018-11-04T01:00:00-02:00")
    assert instant(date(2026, 10, 4), 135, ZoneInfo("Australia/Lord_Howe")) == at("2026-10-04T02:30:00+11:00")


def test_the_day_closes_once_even_when_its_last_hour_comes_twice() -> None:
    early = Schedule(opens=time(1), closes=time(2, 45), weekdays=ALL_DAYS)
    allowed = calendar(early, NEVER_QUIET)
    first, second = at("2026-10-25T02:30:00+02:00"), at("2026-10-25T02:30:00+01:00")
    assert closing(allowed, MADRID, first) == at("2026-10-25T02:45:00+02:00")
    assert closing(allowed, MADRID, second) == at("2026-10-25T02:45:00+01:00")
    assert closing(allowed, MADRID, at("2026-10-25T05:00:00+01:00")) is None


def test_a_zone_that_is_none_is_replaced() -> None:
    assert [zone_of(name, MADRID).key for name in ("Asia/Tokyo", "", None, "../etc/passwd", "Mars/Base")] == [
        "Asia/Tokyo",
        *["Europe/Madrid"] * 4,
    ]


minutes = st.integers(0, 1439).map(lambda one: time(one // 60, one % 60))


@settings(max_examples=400, deadline=None)
@given(
    zone=st.sampled_from(ODD).map(ZoneInfo),
    start=st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)),
    opens=minutes,
    closes=minutes,
    hour=minutes,
    quiet=st.tuples(minutes, minutes),
    weekdays=st.sets(st.sampled_from(ALL_DAYS), min_size=1),
    when=st.sampled_from(["now", "local", "moment"]),
    ahead=st.integers(-2, 5),
)
def test_nobody_is_reached_outside_their_hours(
    zone: ZoneInfo,
    start: datetime,
    opens: time,
    closes: time,
    hour: time,
    quiet: tuple[time, time],
    weekdays: set[int],
    when: str,
    ahead: int,
) -> None:
    """Never before the start, never outside opening, quiet hours and weekdays; the same again gives the same."""
    if opens >= closes:
        return
    day = (start + timedelta(days=ahead)).date()
    schedule = Schedule(
        when=when,
        day=day,
        hour=hour,
        opens=opens,
        closes=closes,
        weekdays=tuple(sorted(weekdays)),
        zone="UTC",
    )  # type: ignore[arg-type]
    house = House(quiet_from=quiet[0], quiet_until=quiet[1])
    allowed = calendar(schedule, house)
    moment = due(schedule, allowed, zone, start)
    if moment is None:
        assert not allowed.windows or all(b - a < 70 for a, b in allowed.windows)
        return
    assert moment >= start
    assert due(schedule, allowed, zone, start) == first_permitted(allowed, zone, moment) == moment
    there = moment.astimezone(zone)
    clock = there.time().replace(second=0, microsecond=0, fold=0)
    assert opens <= clock
    assert clock < closes or closes >= time(23, 59)
    assert there.weekday() in weekdays
    if quiet[0] < quiet[1]:
        assert not quiet[0] <= clock < quiet[1]
    elif quiet[0] > quiet[1]:
        assert quiet[1] <= clock < quiet[0]
    ends = closing(allowed, zone, moment)
    assert ends is not None
    assert ends > moment or ends == moment
