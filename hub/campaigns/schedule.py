"""When a campaign writes: at once, at a moment, or at an hour of each recipient's own day, and how fast."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

Pace = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wish. `when`: now, moment (`day` and `hour` in `zone`), or local (`hour` of each one's own day from `day`).

    `zone`: IANA; for `local` it stands in for whoever's zone is unknown. `weekdays`: Monday is 0. `opens`,
    `closes`: the hours of the recipient's day in which it may leave. `per_minute` in all, by sender, by
    recipient domain. `warm_up`: the most on the first, second … day; afterwards no limit.
    """

    when: Literal["now", "moment", "local"] = "now"
    day: date | None = None
    hour: time = time(10)
    zone: str = "Europe/Madrid"
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = (0, 1, 2, 3, 4)
    skip_holidays: bool = True
    opens: time = time(9)
    closes: time = time(21)
    per_minute: Pace | None = None
    per_sender: Pace | None = None
    per_domain: Pace | None = None
    warm_up: Annotated[list[Pace], msgspec.Meta(max_length=60)] = []

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec turns into a ValidationError of the field."""
        if self.zone not in available_timezones():
            raise ValueError(f"Expected an IANA time zone such as Europe/Madrid, not {self.zone[:50]!r}")
        if self.opens >= self.closes:
            raise ValueError("Expected `opens` before `closes`")
        if self.when != "now" and self.day is None:
            raise ValueError("Expected a `day`")

    @property
    def fallback_zone(self) -> ZoneInfo:
        """The zone of those whose own is unknown."""
        return ZoneInfo(self.zone)

    @property
    def paced(self) -> bool:
        """Whether anything is limited: minutes, senders, domains or days."""
        return bool(self.per_minute or self.per_sender or self.per_domain or self.warm_up)
