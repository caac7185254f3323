"""A campaign beside those before it over the API, and the hours of the week in which people answer."""

from __future__ import annotations

from datetime import datetime

from hub.agents.roles import must
from hub.campaigns import campaigns, comparing, heat
from hub.campaigns.comparing import Compared, Difference
from hub.campaigns.experiments import Share
from hub.campaigns.heat import Cell
from hub.web.api.endpoints import Call, Endpoint
from hub.web.api.shapes import Shape


class ShareShape(Shape, frozen=True, kw_only=True):
    """`done` of `people` did it."""

    done: int
    people: int


class ComparedShape(Shape, frozen=True, kw_only=True):
    """One campaign: shares of what was sent (`failed`: of what was tried). `clicked`: null where not counted.

    `refused`: within 14 days of getting it; `bought`: within 14 days of its beginning, `complete` once they are over.
    """

    id: int
    name: str
    started_at: datetime
    sent: int
    failed: ShareShape
    answered: ShareShape
    clicked: ShareShape | None
    refused: ShareShape
    bought: ShareShape
    complete: bool


class DifferenceShape(Shape, frozen=True, kw_only=True):
    """This campaign against all the others together, in percentage points, and in words."""

    measure: str
    points: float
    low: float
    high: float
    verdict: str
    words: str


class ComparisonShape(Shape, frozen=True, kw_only=True):
    """This campaign first, then the five that began before it; empty until it began."""

    campaigns: list[ComparedShape]
    differences: list[DifferenceShape]


class WeekShape(Shape, frozen=True, kw_only=True):
    """When people answered and clicked, on their own clocks; hours without anybody are left out."""

    hours: list[Cell]


async def read_comparison(call: Call) -> ComparisonShape:
    """This campaign beside those before it."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        found = await comparing.beside(tx, await campaigns.load(tx, call.id))
    return ComparisonShape(
        campaigns=[_compared(one) for one in found],
        differences=[_difference(one) for one in comparing.differences(found)],
    )


async def read_week(call: Call) -> WeekShape:
    """In which hours of the week people answered and clicked."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return WeekShape(hours=await heat.of(tx, await campaigns.load(tx, call.id)))


def _compared(one: Compared) -> ComparedShape:
    return ComparedShape(
        id=one.id,
        name=one.name,
        started_at=one.started_at,
        sent=one.sent,
        failed=_share(one.failed),
        answered=_share(one.answered),
        clicked=_share(one.clicked) if one.clicked else None,
        refused=_share(one.refused),
        bought=_share(one.bought),
        complete=one.complete,
    )


def _share(one: Share) -> ShareShape:
    return ShareShape(done=one.done, people=one.people)


def _difference(one: Difference) -> DifferenceShape:
    found = one.uplift
    return DifferenceShape(
        measure=one.measure,
        points=round(found.points, 3),
        low=round(found.low, 3),
        high=round(found.high, 3),
        verdict=found.verdict,
        words=found.words,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/{id}/comparison",
        summary="Beside the campaigns before it",
        handler=read_comparison,
        answer=ComparisonShape,
    ),
    Endpoint(
        method="GET",
        path="/campaigns/{id}/week",
        summary="When people answered and clicked",
        handler=read_week,
        answer=WeekShape,
    ),
]
