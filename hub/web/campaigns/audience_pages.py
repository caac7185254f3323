"""/campaigns/{id}/audience: who gets it, and who is left out on purpose so that the effect can be seen."""

from __future__ import annotations

from aiohttp import web

from hub.campaigns import campaigns, drafting, segments
from hub.campaigns.campaigns import Campaign, Change, Experiment
from hub.customers import interests
from hub.plumbing.errors import BadInput, Conflict, HubError
from hub.web import render, shell
from hub.web.campaigns import opened
from hub.web.campaigns.views import AudienceForm, AudiencePage
from hub.web.forms import converted, form_of
from hub.web.requests import hub_of, id_of
from hub.web.segments import drawing
from hub.web.segments.rows import Read
from hub.web.segments.views import AudienceView

MOST_SEGMENTS = 500


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/audience."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/audience: name, segment, what it is about, experiment."""
    person = opened.marketer(request)
    form = await form_of(request, AudienceForm)
    try:
        experiment = converted({"b": form.b, "hold_out": form.hold_out}, Experiment)
        wanted = Change(
            name=form.name,
            segment_id=opened.whole(form.segment_id),
            interest_id=opened.whole(form.interest_id),
            experiment=experiment,
        )
        async with hub_of(request).transaction() as tx:
            kept = await drafting.change(
                tx, id_of(request), wanted, opened.reading(form), agent_id=person.id, give_way=form.theirs
            )
    except (BadInput, Conflict) as error:
        opened.refused(request, error)
        return await _page(request, error, wanted if isinstance(error, drafting.Overtaken) else None)
    return await opened.saved(request, "audience", kept)


async def reach(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/reach: the audience of the segment just chosen, as a partial."""
    person = opened.marketer(request)
    form = await form_of(request, AudienceForm)
    view = await _reached(request, opened.whole(form.segment_id))
    empty = AudienceView(total=0, permitted=0, by_type=[], excluded=[], sample=[])
    return shell.html(
        render.partial("segments/_audience.html", view or empty, person.language, person.time_zone)
    )


async def _page(
    request: web.Request, error: HubError | None = None, wanted: Change | None = None
) -> web.StreamResponse:
    """`wanted`: what the form said, and still says."""
    opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        found = await segments.listed(tx, most=MOST_SEGMENTS)
        known = [one for one in await interests.listed(tx) if one.active or one.id == campaign.interest_id]
        around = await opened.frame(tx, request, campaign, "audience")
        around |= await opened.refusal(tx, error, "audience", "b")
    campaign = opened.wished(campaign, wanted)
    page = AudiencePage(
        **around | {"campaign": campaign},
        segments=found,
        interests=known,
        words=await _words(request, campaign),
        audience=await _reached(request, campaign.segment_id),
    )
    status = opened.status(error)
    return await shell.page(request, "campaigns/audience.html", page, current="campaigns", status=status)


async def _words(request: web.Request, campaign: Campaign) -> str:
    if campaign.segment_id is None:
        return ""
    async with hub_of(request).transaction() as tx:
        segment = await segments.load(tx, campaign.segment_id)
        return await drawing.in_words(tx, segment.definition)


async def _reached(request: web.Request, segment_id: int | None) -> AudienceView | None:
    if segment_id is None:
        return None
    async with hub_of(request).transaction() as tx:
        segment = await segments.load(tx, segment_id)
    return await drawing.reached(hub_of(request), Read(definition=segment.definition, errors={}))
