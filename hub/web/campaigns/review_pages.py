"""/campaigns/{id}/review: what will happen in a sentence, preparing it, each real message worst first, the approval."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.campaigns import approving, campaigns, deck, figures, preparing, steps, timing
from hub.campaigns.campaigns import Campaign
from hub.channels import connections
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _, ngettext
from hub.web import render, shell
from hub.web.campaigns import cards, charts, opened, words
from hub.web.campaigns.review_views import ReadyView, ReviewPage
from hub.web.campaigns.running_pages import worded
from hub.web.campaigns.views import CheckView
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of

PAGE = 20
STEPS = {"segment_id": "audience", "channel_ids": "message", "sender_id": "message"}


class ApproveForm(msgspec.Struct):
    """POST /campaigns/{id}/approve: the number of people, typed where they are many."""

    total: str = ""
    perhaps: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/review?step=&worst=&after=."""
    return await page(request)


async def prepare(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/prepare: freeze the audience and work out every message."""
    person = opened.marketer(request)
    try:
        async with hub_of(request).transaction() as tx:
            await preparing.begin(tx, id_of(request), person.id)
    except BadInput as error:
        return await page(request, {"": error.message})
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/review")


async def back_to_draft(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/draft: throw the plan away and change it again."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        await preparing.back_to_draft(tx, id_of(request), person.id)
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/message")


async def approve(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/approve: from now on it leaves by itself, exactly as it stands here."""
    person = opened.marketer(request)
    form = await form_of(request, ApproveForm)
    troubles = await approving.troubles(hub_of(request), id_of(request))
    try:
        async with hub_of(request).transaction() as tx:
            await approving.approve(
                tx,
                id_of(request),
                total=opened.typed(form.total),
                agent_id=person.id,
                troubles=troubles,
                perhaps=opened.typed(form.perhaps),
            )
    except (BadInput, Conflict) as error:
        return await page(request, {error.field or "": error.message})
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/run")


async def readiness(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/ready: how far the preparation is, as a partial that is fetched again while it lasts."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        view = await _ready(tx, await campaigns.load(tx, id_of(request)))
    return shell.html(render.partial("campaigns/_ready.html", view, person.language, person.time_zone))


async def page(
    request: web.Request, errors: dict[str, str] | None = None, *, wrong: dict[int, str] | None = None
) -> web.StreamResponse:
    """The whole page; `errors` stand above, `wrong` on a person's card."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        shown = ReviewPage(
            **await opened.frame(tx, request, campaign, "review") | {"errors": errors or {}},
            sentence=await _sentence(tx, campaign),
            missing=await _missing(tx, campaign),
            **await _plan(tx, request, campaign, person, wrong or {}),
        )
    status = 422 if errors or wrong else 200
    return await shell.page(request, "campaigns/review.html", shown, current="campaigns", status=status)


async def _plan(
    tx: Tx, request: web.Request, campaign: Campaign, person: Person, wrong: dict[int, str]
) -> dict[str, Any]:
    """What there is only once it is being, or was, prepared."""
    if campaign.state == "preparing":
        return {"ready": await _ready(tx, campaign)}
    if campaign.state != "prepared":
        return {}
    step = number_of(request, "step") or 1
    hub = hub_of(request)
    found = await deck.page(
        tx,
        campaign,
        crypto=hub.crypto,
        base_url=hub.settings.base_url,
        step=step,
        after=_after(request),
        most=PAGE + 1,
    )
    people = await approving.people(tx, campaign.id)
    progress = await figures.progress(tx, campaign.id)
    return {
        "people": people,
        "typed": people > approving.TYPED_FROM,
        "perhaps": progress.perhaps,
        "left_out": worded(progress.excluded),
        "spread": await timing.spread(tx, campaign),
        "cards": [await cards.view(tx, campaign, one, wrong.get(one.id, "")) for one in found[:PAGE]],
        "steps": [
            (str(one.step), _("Message %(n)s", n=one.step)) for one in await steps.listed(tx, campaign.id)
        ],
        "step": step,
        "more": _more(campaign, step, found),
        "dropped": await _dropped(tx, request, campaign),
    }


def _after(request: web.Request) -> tuple[int, int] | None:
    worst, id_ = number_of(request, "worst"), number_of(request, "after")
    return None if worst is None or id_ is None else (worst, id_)


def _more(campaign: Campaign, step: int, found: list[deck.Card]) -> str:
    if len(found) <= PAGE:
        return ""
    worst, id_ = found[PAGE - 1].after
    return f"/campaigns/{campaign.id}/review?step={step}&worst={worst}&after={id_}"


async def _dropped(tx: Tx, request: web.Request, campaign: Campaign) -> tuple[int, str] | None:
    """Who was just left out, so that it can be taken back."""
    id_ = number_of(request, "dropped")
    if id_ is None:
        return None
    hub = hub_of(request)
    one = await deck.card(tx, campaign.id, id_, crypto=hub.crypto, base_url=hub.settings.base_url)
    return (one.id, one.contact_name or one.address) if one.state == "dropped" else None


async def _sentence(tx: Tx, campaign: Campaign) -> str:
    names = [(await connections.load(tx, id_)).name for id_ in campaign.channel_ids]
    told = {
        "who": campaign.segment_name or "—",
        "how": ", ".join(names) or "—",
        "sender": _("from the owner of each account")
        if campaign.from_owner
        else _("from %(name)s", name=campaign.sender_name or _("Nobody")),
        "when": words.schedule(campaign.schedule),
    }
    said = _("“%(who)s” gets it by %(how)s, %(sender)s. %(when)s.", **told)
    later = len(await steps.listed(tx, campaign.id)) - 1
    if later:
        said += " " + ngettext("%(n)s follow-up comes after it.", "%(n)s follow-ups come after it.", later)
    return said


async def _missing(tx: Tx, campaign: Campaign) -> list[CheckView]:
    """What must be done before it can be prepared, each with the page where that is."""
    if campaign.state != "draft":
        return []
    return [
        CheckView(
            key=one.field,
            name=one.words,
            state="missing",
            note="",
            href=f"/campaigns/{campaign.id}/{_place(one.field)}",
        )
        for one in await preparing.missing(tx, campaign)
    ]


def _place(field: str) -> str:
    if "/" not in field:
        return STEPS.get(field, "audience")
    step, variant, _field = field.split("/", 2)
    return f"message?step={step}&variant={variant}"


async def _ready(tx: Tx, campaign: Campaign) -> ReadyView:
    found = await figures.progress(tx, campaign.id)
    total, waiting = sum(found.plan.values()), found.plan.get("frozen", 0)
    return ReadyView(
        waits=campaign.state == "preparing",
        emptying=found.emptying,
        done=total - waiting,
        total=total,
        percent=int(charts.percent(total - waiting, total)),
        href=f"/campaigns/{campaign.id}/review",
    )
