"""When somebody answers on a chat line: `hours` such as "mon-fri 9:00-18:00; sat 10:00-14:00" in `time_zone`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from hub.channels.outgoing import Line

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+(?P<from>\d{1,2}:\d\d)-(?P<to>\d{1,2}:\d\d)"
)


class Span(msgspec.Struct, frozen=True):
    """From `start` to `end` on these weekdays, 0 for Monday."""

    days: frozenset[int]
    start: time
    end: time


class Opening(msgspec.Struct, frozen=True):
    """`open` now? If not, `opens_at`: when next, in the line's zone; None when no hours say so."""

    open: bool
    opens_at: datetime | None = None


def opening(line: Line, now: datetime) -> Opening:
    """Whether the line's hours say open. No hours: always. Raises ValueError for hours nobody can read."""
    spans = read(str(line.settings.get("hours", "")))
    if not spans:
        return Opening(True)
    here = now.astimezone(ZoneInfo(str(line.settings.get("time_zone", "Europe/Madrid"))))
    if any(here.weekday() in span.days and span.start <= here.time() < span.end for span in spans):
        return Opening(True)
    starts = [
        datetime.combine(here.date() + timedelta(days=ahead), span.start, here.tzinfo)
        for ahead in range(8)
        for span in spans
        if (here.weekday() + ahead) % 7 in span.days
    ]
    return Opening(False, min((one for one in starts if one > here), default=None))


def read(text: str) -> list[Span]:
    """The spans of a setting. Raises ValueError naming the part that cannot be read."""
    return [_span(part.strip().lower()) for part in text.split(";") if part.strip()]


def _span(part: str) -> Span:
    found = SPAN.fullmatch(part)
    if not found or found["first"] not in DAYS or (found["last"] or "mon") not in DAYS:
        raise ValueError(f"hours: “{part}” is not like “mon-fri 9:00-18:00”")
    first = DAYS.index(found["first"])
    last = DAYS.index(found["last"]) if found["last"] else first
    days = frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
    return Span(days, _time(found["from"]), _time(found["to"]))


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(23, 59, 59) if hour == "24" else time(int(hour), int(minute))
