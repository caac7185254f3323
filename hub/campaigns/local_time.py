"""People's own clocks: which minutes of a day let a campaign in, and when a clock shows a time (INVARIANTS §21).

Where a clock skips an hour, the first minute after it counts; where it shows one twice, the first of the two. Pure.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hub.campaigns.schedule import Schedule
from hub.customers.contact_hours import Hours

DAY = 24 * 60
FURTHEST_DAYS = 400
Window = tuple[int, int]
"""Minutes of a day: from the first until before the second."""


class House(msgspec.Struct, frozen=True, kw_only=True):
    """When the house writes to nobody: from `quiet_from` until `quiet_until`, and on these days."""

    quiet_from: time = time(21)
    quiet_until: time = time(9)
    holidays: frozenset[date] = frozenset()


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """When one kind of person may be written to, on their own clock."""

    windows: tuple[Window, ...]
    weekdays: frozenset[int]
    holidays: frozenset[date]

    def of(self, day: date) -> tuple[Window, ...]:
        """The windows of one day, earliest first."""
        return self.windows if day.weekday() in self.weekdays and day not in self.holidays else ()

    def window(self, local: datetime) -> Window | None:
        """The window in which a clock stands, if any."""
        minute = local.hour * 60 + local.minute
        return next((one for one in self.of(local.date()) if one[0] <= minute < one[1]), None)


def calendar(schedule: Schedule, house: House, own: Hours | None = None) -> Calendar:
    """What schedule, house and person allow all together; without a window where they never agree."""
    asked = [[(_minute(schedule.opens), _end(schedule.closes))], _loud(house)]
    weekdays = set(schedule.weekdays)
    if own is not None:
        asked.append([(_minute(own.starts), _end(own.ends))])
        weekdays &= set(own.days)
    windows: list[Window] = [(0, DAY)]
    for ranges in asked:
        both = [(max(a, c), min(b, d)) for a, b in windows for c, d in ranges]
        windows = sorted((a, b) for a, b in both if a < b)
    return Calendar(
        windows=tuple(windows),
        weekdays=frozenset(weekdays),
        holidays=house.holidays if schedule.skip_holidays else frozenset(),
    )


def due(schedule: Schedule, allowed: Calendar, zone: ZoneInfo, start: datetime) -> datetime | None:
    """When a campaign that begins at `start` reaches somebody in `zone`; None: their hours never come.

    At an hour that is past already, on the next allowed day; at one that is not allowed, when the hours next open.
    """
    if schedule.when == "now" or schedule.day is None:
        return first_permitted(allowed, zone, start)
    minute = _minute(schedule.hour)
    if schedule.when == "moment":
        return first_permitted(
            allowed, zone, max(start, instant(schedule.day, minute, schedule.fallback_zone))
        )
    day = max(schedule.day, start.astimezone(zone).date())
    for _tried in range(FURTHEST_DAYS):
        if allowed.of(day) and (moment := instant(day, minute, zone)) >= start:
            return first_permitted(allowed, zone, moment)
        day += timedelta(days=1)
    return None


def first_permitted(allowed: Calendar, zone: ZoneInfo, at: datetime) -> datetime | None:
    """`at`, if the person may be written to then, else when their hours next open; None: never."""
    local = at.astimezone(zone)
    if allowed.window(local) is not None:
        return at
    for n in range(FURTHEST_DAYS if allowed.windows and allowed.weekdays else 0):
        for opens, _closes in allowed.of(day := local.date() + timedelta(days=n)):
            moment = instant(day, opens, zone)
            if moment >= at and allowed.window(moment.astimezone(zone)) is not None:
                return moment
    return None


def closing(allowed: Calendar, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Until when somebody may be written to from `at` on; None: not even then."""
    local = at.astimezone(zone)
    if (window := allowed.window(local)) is None:
        return None
    ends = instant(local.date(), window[1], zone)
    return ends if ends > at else instant(local.date(), window[1], zone, second=True)


def instant(day: date, minute: int, zone: ZoneInfo, *, second: bool = False) -> datetime:
    """When a clock in `zone` shows this minute of this day, in UTC; `second`: the later one of a time shown twice."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    found = shown.replace(tzinfo=zone, fold=int(second)).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown:
        return found
    before, after = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    return _end_of_gap(before, after, zone)


def zone_of(name: str | None, fallback: ZoneInfo) -> ZoneInfo:
    """A person's zone; `fallback` where it is unknown or none."""
    return (_zone(name) if name else None) or fallback


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second behind the jump, which lies between the two readings of a time that does not exist."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # what a person or an import wrote, not a zone
        return None


def _loud(house: House) -> list[Window]:
    quiet, loud = _minute(house.quiet_from), _minute(house.quiet_until)
    if quiet == loud:
        return [(0, DAY)]
    return [(loud, quiet)] if loud < quiet else [(0, quiet), (loud, DAY)]


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _end(at: time) -> int:
    """The last minute of the day means its end."""
    minute = _minute(at)
    return DAY if minute == DAY - 1 else minute
