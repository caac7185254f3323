"""The numbers of a campaign over the API: how far it is, what became of it, what its experiment tells."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hub.agents.roles import must
from hub.campaigns import campaigns, counts, figures
from hub.campaigns.experiments import uplift
from hub.campaigns.figures import Failure, Progress
from hub.web.api.endpoints import Call, Endpoint
from hub.web.api.shapes import Shape


class ProgressShape(Shape, frozen=True, kw_only=True):
    """How far it is. `plan`, `deliveries`: recipients by state; `excluded`, `stopped`: by reason.

    `emptying`: a plan that was thrown away is still being deleted. `perhaps_written`: to how many people it perhaps
    wrote after the backup this house was restored from; whoever approves it or lets it go on gives that number back.
    """

    everybody: int
    to_go: int
    in_flight: int
    sent: int
    answered: int
    probably_answered: int
    held_out: int
    a_minute: int
    minutes_left: int | None
    plan: dict[str, int]
    excluded: dict[str, int]
    stopped: dict[str, int]
    deliveries: dict[str, int]
    emptying: bool
    perhaps_written: int


class ArmShape(Shape, frozen=True, kw_only=True):
    """One group of the experiment, "" for those held out. `uplift`: against them, or against variant a, in words."""

    variant: str
    people: int
    answered: int
    bought: int
    money: dict[str, Decimal]
    uplift: str


class ReportShape(Shape, frozen=True, kw_only=True):
    """What became of it. `counted_at`: when a worker counted `arms`, of a large campaign; null: they are of now.

    So are `failures`, unless more than 20,000 failed or were not sent: then they were counted together with `arms`.
    """

    progress: ProgressShape
    arms: list[ArmShape]
    counted_at: datetime | None
    failures: list[Failure]


async def read_progress(call: Call) -> ProgressShape:
    """How far it is now."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        await campaigns.load(tx, call.id)
        return _shape(await figures.progress(tx, call.id))


async def read_report(call: Call) -> ReportShape:
    """What became of it."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        campaign = await campaigns.load(tx, call.id)
        progress = await figures.progress(tx, call.id)
        return ReportShape(
            progress=_shape(progress),
            arms=_arms(await figures.arms(tx, campaign)),
            counted_at=await counts.counted_at(tx, campaign),
            failures=await figures.failures(tx, campaign, progress),
        )


def _shape(one: Progress) -> ProgressShape:
    return ProgressShape(
        everybody=one.everybody,
        to_go=one.to_go,
        in_flight=one.in_flight,
        sent=one.out,
        answered=one.answered,
        probably_answered=one.probable,
        held_out=one.held_out,
        a_minute=one.a_minute,
        minutes_left=one.minutes_left,
        plan=one.plan,
        excluded=one.excluded,
        stopped=one.stopped,
        deliveries=one.deliveries,
        emptying=one.emptying,
        perhaps_written=one.perhaps,
    )


def _arms(found: list[figures.Arm]) -> list[ArmShape]:
    """Each with its uplift in purchases against who got nothing, without such against variant a."""
    others = next((one for one in found if not one.variant), None) or next(iter(found), None)
    return [
        ArmShape(
            variant=one.variant,
            people=one.people,
            answered=one.answered.done,
            bought=one.bought.done,
            money=one.money,
            uplift="" if others is None or one is others else uplift(one.bought, others.bought).words,
        )
        for one in found
    ]


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/{id}/progress",
        summary="How far it is",
        handler=read_progress,
        answer=ProgressShape,
    ),
    Endpoint(
        method="GET",
        path="/campaigns/{id}/report",
        summary="What became of it",
        handler=read_report,
        answer=ReportShape,
    ),
]
