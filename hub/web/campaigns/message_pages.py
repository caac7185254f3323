"""/campaigns/{id}/message: on which channels, from whom, and what each step says in each of its wordings."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hub.agents import people
from hub.campaigns import campaigns, drafting, steps
from hub.campaigns.campaigns import Campaign, Change
from hub.campaigns.steps import Step, Wanted
from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.registry import adapter
from hub.conversations import approved, saved_texts
from hub.customers.variables import CAMPAIGN_VARIABLES, Variable
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, HubError
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.campaigns import opened, preview, words
from hub.web.campaigns.checklist import variants_of
from hub.web.campaigns.people import first_people
from hub.web.campaigns.views import LineView, MessagePage, SettingsForm, TextForm, WorstView
from hub.web.forms import converted, form_of, number_of, posted
from hub.web.inbox.rows import mark
from hub.web.requests import hub_of, id_of


class StepForm(msgspec.Struct):
    """POST /campaigns/{id}/steps: another step after so many days, another delay, or the last one away."""

    act: str = ""
    step: int = 0
    after_days: int = 3


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/message?step=&variant=&saved=."""
    return await page(request)


async def say(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/message: what one step says; the same words as before are no new version."""
    person = opened.marketer(request)
    form = await form_of(request, TextForm)
    texts = preview.texts_of(form, preview.blanks_of(dict(await posted(request))))
    wanted = converted(msgspec.to_builtins(texts), Wanted)
    try:
        async with hub_of(request).transaction() as tx:
            kept = await drafting.say(
                tx,
                id_of(request),
                wanted,
                opened.reading(form),
                step=form.step,
                variant=form.variant,
                agent_id=person.id,
                give_way=form.theirs,
            )
    except (BadInput, Conflict) as error:
        opened.refused(request, error)
        return await page(request, error, form)
    return await opened.saved(request, "message", kept, f"&step={form.step}&variant={form.variant}")


async def settings(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/settings: the channels in their order, who signs, what ends later steps."""
    person = opened.marketer(request)
    form = await form_of(request, SettingsForm)
    wanted = None
    try:
        ids = [id_ for one in form.channel_ids if (id_ := opened.whole(one)) is not None]
        wanted = converted(
            {
                "channel_ids": _raised(ids, opened.whole(form.act.removeprefix("up:"))),
                "from_owner": form.from_owner,
                "sender_id": opened.whole(form.sender_id),
                "stops": form.stops,
                "track_links": form.track_links,
                "track_opens": form.track_opens,
            },
            Change,
        )
        async with hub_of(request).transaction() as tx:
            kept = await drafting.change(
                tx, id_of(request), wanted, opened.reading(form), agent_id=person.id, give_way=form.theirs
            )
    except (BadInput, Conflict) as error:
        opened.refused(request, error)
        return await page(request, error, wanted=wanted)
    return await opened.saved(request, "message", kept)


async def sequence(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/steps."""
    person = opened.marketer(request)
    form = await form_of(request, StepForm)
    step, done = form.step, "saved"
    try:
        async with hub_of(request).transaction() as tx:
            if form.act == "add":
                step = await steps.add(tx, id_of(request), after_days=form.after_days, agent_id=person.id)
                done = "added"
            elif form.act == "remove":
                await steps.remove_last(tx, id_of(request), agent_id=person.id)
                step, done = 1, "removed"
            else:
                await steps.delay(
                    tx, id_of(request), form.step, after_days=form.after_days, agent_id=person.id
                )
    except (BadInput, Conflict) as error:
        return await page(request, error)
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/message?step={step}&done={done}")


async def page(
    request: web.Request,
    error: HubError | None = None,
    form: TextForm | None = None,
    wanted: Change | None = None,
    worst: WorstView | None = None,
) -> web.StreamResponse:
    """The whole page. `form`, `wanted`: what the form of the words, of the settings said, and still says."""
    person = opened.marketer(request)
    who = form.who if form else request.query.get("who", "")
    reach, sampled = await first_people(request, who)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        planned = await steps.listed(tx, campaign.id)
        here = _here(request, planned, form)
        variant = _variant(request, campaign, form)
        text = form or await _text(tx, here, variant, number_of(request, "saved"))
        text = msgspec.structs.replace(text, who=who or (sampled[0][0] if sampled else ""), reach=reach)
        cans = [adapter((await connections.load(tx, id_)).kind).can for id_ in campaign.channel_ids]
        texts = await approved.listed(tx) if any(can.approved_texts for can in cans) else []
        chosen = next((one for one in texts if str(one.id) == text.approved_text_id), None)
        said = here.texts.get(variant)
        blanks = (
            said.approved_variables if said and not form else preview.blanks_of(dict(await request.post()))
        )
        around = await _around(tx, request, campaign, error, form, wanted)
        campaign = opened.wished(campaign, wanted)
        shown = MessagePage(
            **around | {"campaign": campaign},
            lines=await _lines(tx, campaign),
            agents=[("", _("Nobody")), *((str(one.id), one.name) for one in await people.every(tx))],
            stops=[(key, _(name), key in campaign.stops) for key, name in words.STOPS.items()],
            steps=planned,
            step=here.step,
            variant=variant,
            variants=variants_of(campaign),
            text=text,
            fields=_fields(cans, text),
            after_days=here.after_days,
            approved=texts,
            blanks=[(name, blanks.get(name, "")) for name in chosen.variables] if chosen else [],
            saved=[(str(one.id), one.title) for one in await saved_texts.listed(tx)],
            variables=_variables(),
            people=sampled,
            preview=await preview.preview(
                tx, hub_of(request), campaign, preview.texts_of(text, blanks), text, person
            ),
            worst=worst,
        )
    status = opened.status(error)
    return await shell.page(request, "campaigns/message.html", shown, current="campaigns", status=status)


async def _around(
    tx: Tx,
    request: web.Request,
    campaign: Campaign,
    error: HubError | None,
    form: TextForm | None,
    wanted: Change | None,
) -> dict[str, Any]:
    """The fields of StepPage; a form that comes back has read what it had read before."""
    around = await opened.frame(tx, request, campaign, "message")
    around |= await opened.refusal(tx, error, "settings" if wanted else "message", _told_at(wanted, form))
    if form and not around.get("clashes"):
        around |= {"version": form.version, "page": form.page}
    return around


def _told_at(wanted: Change | None, form: TextForm | None) -> str:
    """Where an error is told that names no field."""
    return "channel_ids" if wanted else "text" if form else "after_days"


def _variables() -> list[Variable]:
    """What one may put into the text, in the reader's language."""
    return [
        msgspec.structs.replace(
            one,
            label=_(one.label),
            example=_(one.example),
            fallback=_(one.fallback) if one.fallback else "",
        )
        for one in CAMPAIGN_VARIABLES
    ]


async def _lines(tx: Tx, campaign: Campaign) -> list[LineView]:
    """The lines one can write to many on, the chosen ones first, in their order."""
    found = [one for one in await connections.enabled(tx) if _writes(adapter(one.kind).can)]
    order = {id_: n for n, id_ in enumerate(campaign.channel_ids, 1)}
    found.sort(key=lambda one: (order.get(one.id, len(order) + 1), one.id))
    return [
        LineView(id=one.id, mark=mark(one.kind, one.name), chosen=order.get(one.id, 0), note=one.address)
        for one in found
    ]


def _writes(can: Capabilities) -> bool:
    return can.sends and not can.live and not can.logged and not can.form and not can.pages


def _fields(cans: list[Capabilities], text: TextForm) -> list[str]:
    """The texts the chosen channels can say, and those that are written already."""
    wanted = {
        "subject": any(can.subject for can in cans) or not cans,
        "html": any(can.html for can in cans),
        "short": any(can.parts for can in cans),
        "approved": any(can.approved_texts for can in cans),
    }
    return ["text", *(name for name, shown in wanted.items() if shown or getattr(text, name, None))]


def _here(request: web.Request, planned: list[Step], form: TextForm | None) -> Step:
    wanted = form.step if form else number_of(request, "step") or 1
    return next((one for one in planned if one.step == wanted), planned[0])


def _variant(request: web.Request, campaign: Campaign, form: TextForm | None) -> str:
    wanted = form.variant if form else request.query.get("variant", "a")
    return wanted if wanted in variants_of(campaign) else "a"


async def _text(tx: Tx, here: Step, variant: str, saved_id: int | None) -> TextForm:
    """What it says now, or the words of a saved text to begin with."""
    form = TextForm(step=here.step, variant=variant)
    if saved_id is not None:
        saved = await saved_texts.load(tx, saved_id)
        return msgspec.structs.replace(
            form, subject=saved.subject, text=saved.text, html=saved.html, short=saved.short
        )
    said = here.texts.get(variant)
    if said is None:
        return form
    return msgspec.structs.replace(
        form,
        subject=said.subject,
        text=said.text,
        html=said.html,
        short=said.short,
        approved_text_id=str(said.approved_text_id or ""),
    )


def _raised(ids: list[int], id_: int | None) -> list[int]:
    """One line a place further up."""
    at = ids.index(id_) if id_ in ids else 0
    if at:
        ids[at - 1], ids[at] = ids[at], ids[at - 1]
    return ids
