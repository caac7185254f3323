"""One campaign's own clock: when it reaches each person, until when it may, and when a later step follows. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.campaigns.local_time import (
    Calendar,
    House,
    calendar,
    closing,
    due,
    first_permitted,
    instant,
    zone_of,
)
from hub.campaigns.schedule import Schedule
from hub.customers.contact_hours import Hours


class Clock:
    """Answers are kept: a million people have few zones and wishes."""

    def __init__(self, schedule: Schedule, house: House) -> None:
        self.schedule = schedule
        self.house = house
        self._calendars: dict[Hours | None, Calendar] = {}
        self._due: dict[tuple[str, Hours | None, datetime], datetime | None] = {}

    def zone(self, name: str | None) -> ZoneInfo:
        """Theirs, or the campaign's where theirs is unknown."""
        return zone_of(name, self.schedule.fallback_zone)

    def due(self, zone: str | None, own: Hours | None, start: datetime) -> datetime | None:
        """When it reaches somebody if it begins at `start`; None: their hours never come."""
        where = self.zone(zone)
        key = (where.key, own, start)
        if key not in self._due:
            if len(self._due) > 50_000:
                self._due.clear()
            self._due[key] = due(self.schedule, self._calendar(own), where, start)
        return self._due[key]

    def later(self, zone: str | None, own: Hours | None, at: datetime) -> datetime | None:
        """From `at` on, where the minute they were to have is full: the rest of that day, then the hour of the next."""
        there, opens = at.astimezone(self.zone(zone)), self.opens(zone, own, at)
        same_day = opens is not None and opens.astimezone(there.tzinfo).date() == there.date()
        return opens if same_day and there.time() >= self.schedule.hour else self.due(zone, own, at)

    def follows(self, zone: str | None, own: Hours | None, before: datetime, days: int) -> datetime | None:
        """When a step follows one that was sent at `before`: at the same hour of an allowed day."""
        where = self.zone(zone)
        there = before.astimezone(where)
        moment = instant(there.date() + timedelta(days=days), there.hour * 60 + there.minute, where)
        return first_permitted(self._calendar(own), where, moment)

    def opens(self, zone: str | None, own: Hours | None, at: datetime) -> datetime | None:
        """`at` where it is allowed, else when their hours next open."""
        return first_permitted(self._calendar(own), self.zone(zone), at)

    def closes(self, zone: str | None, own: Hours | None, at: datetime) -> datetime | None:
        """Until when from `at` on; None: not even then."""
        return closing(self._calendar(own), self.zone(zone), at)

    def _calendar(self, own: Hours | None) -> Calendar:
        if own not in self._calendars:
            self._calendars[own] = calendar(self.schedule, self.house, own)
        return self._calendars[own]
