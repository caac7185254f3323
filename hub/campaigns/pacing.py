"""How fast: people get the first free minute from their wished one on, so that nobody gets more than agreed. Pure.

Who is placed in the same order gets the same minute, whatever process does it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.campaigns.schedule import Schedule

MOST_JUMPS = 10_000
Later = Callable[[datetime], datetime | None]
"""The first moment from one on in which the person may be written to."""


class _Slots:
    """So many a minute, by key; full minutes are skipped in one step."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: dict[tuple[Hashable, int], int] = {}
        self._next: dict[tuple[Hashable, int], int] = {}

    def free(self, key: Hashable, minute: int) -> int:
        """The first minute with room from `minute` on."""
        path = []
        while (following := self._next.get((key, minute))) is not None:
            path.append(minute)
            minute = following
        for one in path:
            self._next[key, one] = minute
        return minute

    def take(self, key: Hashable, minute: int, number: int = 1) -> None:
        taken = self._taken[key, minute] = self._taken.get((key, minute), 0) + number
        if taken >= self.most:
            self._next[key, minute] = minute + 1


class Pacing:
    """The minutes of one campaign, filled as people are placed."""

    def __init__(self, schedule: Schedule, start: datetime) -> None:
        self.zone = schedule.fallback_zone
        self.first_day = start.astimezone(self.zone).date()
        self.warm_up = schedule.warm_up
        self._days: dict[int, int] = {}
        self._slots = {
            name: _Slots(most)
            for name in ("per_minute", "per_sender", "per_domain")
            if (most := getattr(schedule, name)) is not None
        }

    @property
    def limits(self) -> bool:
        """Whether anything is limited at all."""
        return bool(self._slots or self.warm_up)

    def place(self, wish: datetime, sender: int | None, domain: str, later: Later) -> datetime | None:
        """The person's own minute; None where none ever comes."""
        keys = {"per_minute": None, "per_sender": sender, "per_domain": domain}
        at: datetime | None = wish
        for _jump in range(MOST_JUMPS):
            if at is None:
                return None
            minute = int(at.timestamp()) // 60
            free = minute
            for name, slots in self._slots.items():
                free = max(free, slots.free(keys[name], free))
            if free > minute:
                at = later(datetime.fromtimestamp(free * 60, UTC))
            elif (day := self._full_day(at)) is not None:
                at = later(day)
            else:
                self.taken(minute, sender, domain)
                return at
        return None

    def taken(self, minute: int, sender: int | None, domain: str, number: int = 1) -> None:
        """So many are placed there already; `minute` counts from 1970."""
        keys = {"per_minute": None, "per_sender": sender, "per_domain": domain}
        for name, slots in self._slots.items():
            slots.take(keys[name], minute, number)
        if self.warm_up:
            day = self._day(datetime.fromtimestamp(minute * 60, UTC))
            self._days[day] = self._days.get(day, 0) + number

    def _full_day(self, at: datetime) -> datetime | None:
        """The beginning of the next day, where the one of `at` has had all it may."""
        if not self.warm_up:
            return None
        day = self._day(at)
        if day >= len(self.warm_up) or self._days.get(day, 0) < self.warm_up[max(day, 0)]:
            return None
        return _midnight(self.zone, self.first_day.toordinal() + day + 1)

    def _day(self, at: datetime) -> int:
        return at.astimezone(self.zone).date().toordinal() - self.first_day.toordinal()


@lru_cache(maxsize=1_000)
def _midnight(zone: ZoneInfo, ordinal: int) -> datetime:
    day = datetime.fromordinal(ordinal).replace(tzinfo=zone)
    return day.astimezone(UTC)
