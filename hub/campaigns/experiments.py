"""What an experiment tells: the difference between two groups of people, with its uncertainty, in words."""

from __future__ import annotations

from math import sqrt
from typing import Literal

import msgspec
from babel.numbers import format_decimal

from hub.plumbing.texts import N_, _, language

Z = 1.959964  # 95 %
FEW = 20  # people in a group; fewer tell nothing


class Share(msgspec.Struct, frozen=True):
    """`done` of `people` did something."""

    done: int
    people: int

    @property
    def percent(self) -> float:
        """Of a hundred; 0 of nobody."""
        return 100 * self.done / self.people if self.people else 0.0


class Uplift(msgspec.Struct, frozen=True, kw_only=True):
    """How many percentage points more than the others, and between which bounds with 95 % confidence."""

    points: float
    low: float
    high: float
    verdict: Literal["more", "less", "unclear", "few"]

    @property
    def words(self) -> str:
        """The same as a sentence, in the language being spoken."""
        numbers = {"points": _number(abs(self.points)), "low": _signed(self.low), "high": _signed(self.high)}
        return _(_WORDS[self.verdict], **numbers)


_WORDS = {
    "more": N_("%(points)s points more: 19 times out of 20 between %(low)s and %(high)s."),
    "less": N_("%(points)s points less: 19 times out of 20 between %(low)s and %(high)s."),
    "unclear": N_("No difference can be shown yet: somewhere between %(low)s and %(high)s points."),
    "few": N_("Too few people to tell."),
}


def uplift(treated: Share, others: Share) -> Uplift:
    """The difference of two shares with Newcombe's hybrid score interval.

    Newcombe 1998, Statistics in Medicine 17, 873–890, method 10: it stays honest for small groups and shares near
    0 or 1, where the textbook interval does not.
    """
    low_t, high_t = _wilson(treated)
    low_o, high_o = _wilson(others)
    first, second = treated.percent / 100, others.percent / 100
    points = first - second
    low = points - sqrt((first - low_t) ** 2 + (high_o - second) ** 2)
    high = points + sqrt((high_t - first) ** 2 + (second - low_o) ** 2)
    verdict: Literal["more", "less", "unclear", "few"] = "unclear"
    if min(treated.people, others.people) < FEW:
        verdict = "few"
    elif low > 0:
        verdict = "more"
    elif high < 0:
        verdict = "less"
    return Uplift(points=100 * points, low=100 * low, high=100 * high, verdict=verdict)


def _number(points: float) -> str:
    return format_decimal(points, "0.0", locale=language())


def _signed(points: float) -> str:
    return format_decimal(points, "+0.0;-0.0", locale=language())


def _wilson(share: Share) -> tuple[float, float]:
    """The score interval of one share (Wilson 1927)."""
    n = share.people
    if not n:
        return 0.0, 1.0
    p = share.done / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    reach = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - reach), min(1.0, middle + reach)
