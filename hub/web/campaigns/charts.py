"""Numbers as shapes: the bar of a running campaign, and the lines and columns of its report; all in percent."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_decimal

from hub.campaigns.experiments import Share
from hub.campaigns.figures import Hour, Progress
from hub.campaigns.heat import Cell
from hub.plumbing.texts import N_, _, language
from hub.web.campaigns import words
from hub.web.campaigns.figures_views import BarRow, HeatRow, HeatView, HourView
from hub.web.campaigns.views import BarView

SHADES = 5
PIECES = {
    "arrived": (N_("Arrived"), ("delivered", "read")),
    "sent": (N_("Sent"), ("sent",)),
    "flying": (N_("On its way"), ("claimed", "sending")),
    "unknown": (N_("Perhaps sent"), ("unknown",)),
    "failed": (N_("Failed"), ("failed",)),
    "not_sent": (N_("Not sent"), ("canceled",)),
}


def bar(progress: Progress) -> list[BarView]:
    """The pieces of the bar that are not empty, the waiting ones last."""
    counted = [
        (key, _(name), sum(progress.deliveries.get(state, 0) for state in states))
        for key, (name, states) in PIECES.items()
    ]
    counted.append(("waiting", _("Waiting"), progress.to_go - progress.in_flight))
    found, start = [], 0.0
    for key, name, number in counted:
        share = percent(number, progress.everybody)
        if number > 0:
            found.append(BarView(key=key, name=name, number=number, start=round(start, 2), share=share))
        start += share
    return found


def lines(counted: Sequence[tuple[str, int]], of: int = 0) -> list[BarRow]:
    """Lines as long as their number, the longest full; with their share `of` all."""
    longest = max((number for _name, number in counted), default=0)
    return [
        BarRow(
            name=name,
            number=number,
            share=percent(number, longest),
            percent=percent(number, of) if of else None,
        )
        for name, number in counted
    ]


def columns(hours: Sequence[Hour]) -> list[HourView]:
    """One column an hour, side by side, a lone one slim; answers stand in front on the same scale."""
    highest = max((max(one.left, one.answered) for one in hours), default=0)
    width = 100 / len(hours) if len(hours) > 1 else 16
    return [
        HourView(
            at=one.at,
            left=one.left,
            answered=one.answered,
            x=round(n * width + width * 0.1, 3),
            width=round(width * 0.8, 3),
            height=percent(one.left, highest),
            answered_height=percent(one.answered, highest),
        )
        for n, one in enumerate(hours)
    ]


def heat(cells: Sequence[Cell]) -> list[HeatRow]:
    """Seven rows of 24 hours, in five shades up to the fullest hour; [] when nobody did anything."""
    found = {(one.weekday, one.hour): one for one in cells}
    most = max((one.answered + one.clicked for one in cells), default=0)
    nobody = Cell(weekday=0, hour=0, answered=0, clicked=0)
    rows = []
    for weekday, name in enumerate(words.weekdays() if most else []):
        there = [found.get((weekday, hour), nobody) for hour in range(24)]
        drawn = [
            HeatView(
                hour=hour,
                answered=one.answered,
                clicked=one.clicked,
                shade=-(-SHADES * (one.answered + one.clicked) // most),
            )
            for hour, one in enumerate(there)
        ]
        rows.append(HeatRow(name=name, hours=drawn))
    return rows


def share(one: Share) -> str:
    """How many, and of a hundred: 12 (3.4 %), in the language being spoken."""
    return f"{format_decimal(one.done, locale=language())} ({format_decimal(one.percent, '0.0', locale=language())} %)"


def percent(part: int, whole: int) -> float:
    """Of a hundred, with two places; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
