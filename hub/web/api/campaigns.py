"""Campaigns over the API: the plan and the words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.agents.roles import must
from hub.campaigns import campaigns, states, steps
from hub.campaigns.campaigns import Campaign, Change, Experiment, Stop
from hub.campaigns.schedule import Schedule
from hub.campaigns.states import State
from hub.campaigns.steps import Step, Text, Wanted
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape, ref

StepNumber = Annotated[int, msgspec.Meta(ge=1, le=steps.MOST_STEPS)]


class CampaignShape(Shape, frozen=True, kw_only=True):
    """One campaign. `total`: recipients of the first step when it was frozen; `why`: why a machine stopped it."""

    id: int
    name: str
    state: State
    segment: Ref | None
    interest: Ref | None
    channel_ids: list[int]
    from_owner: bool
    sender: Ref | None
    schedule: Schedule
    experiment: Experiment
    stops: list[Stop]
    track_links: bool
    track_opens: bool
    version: int
    total: int
    why: str
    created_by: Ref | None
    created_at: datetime
    approved_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class StepShape(Shape, frozen=True, kw_only=True):
    """One step; from the second on it follows the one before after `after_days` days. `texts` by variant."""

    step: int
    after_days: int
    texts: dict[str, Text]


class CampaignsQuery(Paging, frozen=True, kw_only=True):
    """GET /campaigns: the newest first; `state` narrows it."""

    state: str = ""


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns."""

    name: str


class NewStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/steps: another step behind the last."""

    after_days: int


class NewText(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/texts: what a step says, as a new version."""

    step: StepNumber = 1
    variant: str = "a"


async def list_campaigns(call: Call) -> Page[CampaignShape]:
    """All campaigns, the newest first."""
    must(call.person, "run_campaigns")
    asked: CampaignsQuery = call.query
    if asked.state and asked.state not in states.WORDS:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(states.WORDS)), field="state")
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await campaigns.listed(
            tx,
            states=[asked.state] if asked.state else [],
            before=number_cursor(asked) or None,
            most=most + 1,
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([shape(one) for one in found[:most]], more)


async def read_campaign(call: Call) -> CampaignShape:
    """One campaign."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return shape(await campaigns.load(tx, call.id))


async def add_campaign(call: Call) -> CampaignShape:
    """A draft with one step."""
    must(call.person, "run_campaigns")
    wanted: NewCampaign = call.body
    async with call.transaction() as tx:
        return shape(await campaigns.create(tx, wanted.name, agent_id=call.person.id))


async def change_campaign(call: Call) -> CampaignShape:
    """Only what is given changes, and only of a draft."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return shape(await campaigns.change(tx, call.id, call.body, agent_id=call.person.id))


async def list_steps(call: Call) -> Page[StepShape]:
    """Its steps in their order, each with its newest words."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        await campaigns.load(tx, call.id)
        return Page([_step(one) for one in await steps.listed(tx, call.id)], None)


async def add_step(call: Call) -> Page[StepShape]:
    """Another step behind the last; answers with all."""
    must(call.person, "run_campaigns")
    wanted: NewStep = call.body
    async with call.transaction() as tx:
        await steps.add(tx, call.id, after_days=wanted.after_days, agent_id=call.person.id)
        return Page([_step(one) for one in await steps.listed(tx, call.id)], None)


async def remove_step(call: Call) -> Page[StepShape]:
    """Without the last step, never without the first; answers with those that stay."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        await steps.remove_last(tx, call.id, agent_id=call.person.id)
        return Page([_step(one) for one in await steps.listed(tx, call.id)], None)


async def add_text(call: Call) -> Text:
    """What a step says, as a new version."""
    must(call.person, "run_campaigns")
    wanted: NewText = call.body
    words = Wanted(**{name: getattr(wanted, name) for name in Wanted.__struct_fields__})
    async with call.transaction() as tx:
        return await steps.say(
            tx, call.id, words, step=wanted.step, variant=wanted.variant, agent_id=call.person.id
        )


def shape(one: Campaign) -> CampaignShape:
    """As the API answers."""
    return CampaignShape(
        id=one.id,
        name=one.name,
        state=one.state,
        segment=ref(one.segment_id, one.segment_name),
        interest=ref(one.interest_id, one.interest.name if one.interest else None),
        channel_ids=one.channel_ids,
        from_owner=one.from_owner,
        sender=ref(one.sender_id, one.sender_name),
        schedule=one.schedule,
        experiment=one.experiment,
        stops=one.stops,
        track_links=one.track_links,
        track_opens=one.track_opens,
        version=one.version,
        total=one.total,
        why=one.why,
        created_by=ref(one.agent_id, one.agent_name),
        created_at=one.created_at,
        approved_at=one.approved_at,
        started_at=one.started_at,
        finished_at=one.finished_at,
    )


def _step(one: Step) -> StepShape:
    return StepShape(step=one.step, after_days=one.after_days, texts=one.texts)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns",
        summary="All campaigns",
        handler=list_campaigns,
        query=CampaignsQuery,
        answer=Page[CampaignShape],
    ),
    Endpoint(
        method="POST",
        path="/campaigns",
        summary="Begin a campaign",
        handler=add_campaign,
        body=NewCampaign,
        answer=CampaignShape,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/campaigns/{id}",
        summary="One campaign",
        handler=read_campaign,
        answer=CampaignShape,
    ),
    Endpoint(
        method="PATCH",
        path="/campaigns/{id}",
        summary="Change a draft",
        handler=change_campaign,
        body=Change,
        answer=CampaignShape,
    ),
    Endpoint(
        method="GET",
        path="/campaigns/{id}/steps",
        summary="Its steps and what they say",
        handler=list_steps,
        answer=Page[StepShape],
    ),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/steps",
        summary="Another step",
        handler=add_step,
        body=NewStep,
        answer=Page[StepShape],
        status=201,
    ),
    Endpoint(
        method="DELETE",
        path="/campaigns/{id}/steps",
        summary="Without the last step",
        handler=remove_step,
        answer=Page[StepShape],
    ),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/texts",
        summary="What a step says, as a new version",
        handler=add_text,
        body=NewText,
        answer=Text,
        status=201,
    ),
]
