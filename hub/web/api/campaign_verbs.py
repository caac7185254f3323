"""What is done with a campaign over the API: prepare, review person by person, try, approve, pause, go on, end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec

from hub.agents.roles import must
from hub.campaigns import approving, deck, preparing, running, sequencing, trying
from hub.campaigns.approved_words import as_read, body_for
from hub.campaigns.campaigns import Campaign
from hub.campaigns.rendering import Content
from hub.channels import connections
from hub.channels.registry import adapter
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.campaigns import CampaignShape, StepNumber, shape
from hub.web.api.endpoints import Call, Endpoint
from hub.web.api.shapes import Shape

Verb = Callable[[Tx, int, int], Awaitable[Campaign]]


class ContentShape(Shape, frozen=True, kw_only=True):
    """Exactly what one person gets. `missing`: variables without a value; `flags`: what the review warns of.

    `said`: what is read on their channel, an approved text with its blanks filled. `trouble`: why it cannot be
    written, if it cannot.
    """

    recipient_id: int
    subject: str
    text: str
    html: str
    short: str
    said: str
    missing: list[str]
    flags: list[str]
    trouble: str


class SentShape(Shape, frozen=True, kw_only=True):
    """A test that was queued."""

    delivery_id: int


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/approve. `total`: how many people it goes to; above 500 it must be given.

    `perhaps`: after a restore, its `perhaps_written` (GET …/progress): these people perhaps get it again.
    """

    total: int | None = None
    perhaps: int | None = None


class GoingOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/resume. `perhaps`: after a restore, its `perhaps_written`, as for approving."""

    perhaps: int | None = None


class Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/test: with this contact's data to this address, marked, never counted."""

    as_contact_id: int
    to: str
    step: StepNumber = 1
    variant: str = "a"
    channel_id: int | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /campaigns/{id}/recipients/{id}: texts for this person alone, or `dropped`: gets nothing."""

    dropped: bool | None = None
    texts: dict[str, str] | None = None


class FollowUps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /campaigns/{id}/follow_ups: pause or take up one person's later steps, and why."""

    contact_id: int
    paused: bool
    why: Annotated[str, msgspec.Meta(max_length=200)] = ""


class FollowUpsShape(Shape, frozen=True, kw_only=True):
    """How many later messages changed."""

    changed: int


async def approve_campaign(call: Call) -> CampaignShape:
    """Freeze what was reviewed; it leaves at its hour. Asks the name system about the senders first."""
    must(call.person, "run_campaigns")
    wanted: Approval = call.body
    found = await approving.troubles(call.hub, call.id)
    async with call.transaction() as tx:
        return shape(
            await approving.approve(
                tx,
                call.id,
                total=wanted.total,
                agent_id=call.person.id,
                troubles=found,
                perhaps=wanted.perhaps,
            )
        )


async def resume_campaign(call: Call) -> CampaignShape:
    """Go on where it was paused."""
    must(call.person, "run_campaigns")
    wanted: GoingOn = call.body
    async with call.transaction() as tx:
        return shape(await running.resume(tx, call.id, call.person.id, perhaps=wanted.perhaps))


async def send_test(call: Call) -> SentShape:
    """A marked test that counts nowhere."""
    must(call.person, "run_campaigns")
    wanted: Test = call.body
    sent = await trying.send(
        call.hub,
        call.id,
        step=wanted.step,
        variant=wanted.variant,
        as_contact_id=wanted.as_contact_id,
        to=wanted.to,
        agent_id=call.person.id,
        channel_id=wanted.channel_id,
    )
    return SentShape(delivery_id=sent.id)


async def read_content(call: Call) -> ContentShape:
    """Exactly what this person gets."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return await _content(call, tx)


async def review(call: Call) -> ContentShape:
    """Write for this person alone, or take them out, or back in; only while it is reviewed."""
    must(call.person, "run_campaigns")
    wanted: Review = call.body
    campaign_id, recipient_id = call.ids
    if wanted.dropped is None and wanted.texts is None:
        raise BadInput(_("Give `dropped` or `texts`."), field="dropped")
    async with call.transaction() as tx:
        if wanted.dropped is not None:
            turn = deck.drop if wanted.dropped else deck.undrop
            await turn(tx, campaign_id, recipient_id, call.person.id)
        if wanted.texts is not None:
            await deck.edit(
                tx,
                campaign_id,
                recipient_id,
                wanted.texts,
                crypto=call.hub.crypto,
                base_url=call.hub.settings.base_url,
                agent_id=call.person.id,
            )
        return await _content(call, tx)


async def follow_ups(call: Call) -> FollowUpsShape:
    """Pause one person's later steps, or let them go on."""
    must(call.person, "run_campaigns")
    wanted: FollowUps = call.body
    turn = sequencing.pause_person if wanted.paused else sequencing.resume_person
    async with call.transaction() as tx:
        return FollowUpsShape(changed=await turn(tx, call.id, wanted.contact_id, call.person.id, wanted.why))


async def _content(call: Call, tx: Tx) -> ContentShape:
    campaign_id, recipient_id = call.ids
    card = await deck.card(
        tx, campaign_id, recipient_id, crypto=call.hub.crypto, base_url=call.hub.settings.base_url
    )
    said = card.content or Content(subject="", text="", html="", short="")
    can = adapter((await connections.load(tx, card.channel_id)).kind).can
    body = await body_for(tx, campaign_id, card.step, card.variant, can)
    return ContentShape(
        recipient_id=card.id,
        subject=said.subject,
        text=said.text,
        html=said.html,
        short=said.short,
        said=as_read(said, can, body) if card.content else "",
        missing=list(said.missing),
        flags=card.flags,
        trouble=card.trouble,
    )


def _verb(word: str, summary: str, verb: Verb) -> Endpoint:
    async def do(call: Call) -> CampaignShape:
        must(call.person, "run_campaigns")
        async with call.transaction() as tx:
            return shape(await verb(tx, call.id, call.person.id))

    do.__name__ = f"{word}_campaign"
    do.__doc__ = summary
    return Endpoint(
        method="POST", path=f"/campaigns/{{id}}/{word}", summary=summary, handler=do, answer=CampaignShape
    )


ENDPOINTS = [
    _verb("prepare", "Freeze the audience and work out each message; a worker does it", preparing.begin),
    _verb("draft", "Back to a draft; what was prepared is thrown away", preparing.back_to_draft),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/approve",
        summary="Approve what was reviewed",
        handler=approve_campaign,
        body=Approval,
        answer=CampaignShape,
    ),
    _verb("unschedule", "Back to the review; nothing has left", running.unschedule),
    _verb("pause", "Nothing more leaves", running.pause),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/resume",
        summary="Go on",
        handler=resume_campaign,
        body=GoingOn,
        answer=CampaignShape,
    ),
    _verb("cancel", "End it; whoever has not got theirs gets nothing", running.cancel),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/test",
        summary="Send a marked test with somebody's data",
        handler=send_test,
        body=Test,
        answer=SentShape,
        commits=True,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/follow_ups",
        summary="Pause one person's later steps, or let them go on",
        handler=follow_ups,
        body=FollowUps,
        answer=FollowUpsShape,
    ),
    Endpoint(
        method="GET",
        path="/campaigns/{id}/recipients/{recipient_id}",
        summary="Exactly what one person gets",
        handler=read_content,
        answer=ContentShape,
    ),
    Endpoint(
        method="PATCH",
        path="/campaigns/{id}/recipients/{recipient_id}",
        summary="Write for one person alone, or take them out",
        handler=review,
        body=Review,
        answer=ContentShape,
    ),
]
