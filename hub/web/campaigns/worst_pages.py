"""/campaigns/{id}/worst: the letters a draft would send to the worst of its audience, before anything is prepared."""

from __future__ import annotations

from aiohttp import web

from hub.campaigns import campaigns, steps, worst_cases
from hub.campaigns.wording import Texts
from hub.campaigns.worst_cases import Case
from hub.channels import connections
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound, Unavailable
from hub.plumbing.texts import _
from hub.web import render, shell
from hub.web.campaigns import message_pages, opened, preview, test_pages
from hub.web.campaigns.cards import flagged
from hub.web.campaigns.views import CaseView, TextForm, WorstView
from hub.web.forms import form_of, posted
from hub.web.inbox.rows import mark
from hub.web.requests import hub_of, id_of


class WorstForm(TextForm):
    """POST /campaigns/{id}/worst: the words as they are typed, or `what` is stored, a step and a variant: "2b"."""

    what: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/worst: a partial for a script; for a plain form its page again, with them on it."""
    person = opened.marketer(request)
    form = await form_of(request, WorstForm)
    view = await _view(request, form)
    if "X-Fragment" in request.headers:
        return shell.html(render.partial("campaigns/_worst.html", view, person.language, person.time_zone))
    if form.what:
        asked = test_pages.TestForm(who=form.who, to=person.email, what=form.what)
        return await test_pages.page(request, asked, worst=view)
    return await message_pages.page(request, form=form, worst=view)


async def _view(request: web.Request, form: WorstForm) -> WorstView:
    hub = hub_of(request)
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
    step, variant = test_pages.chosen(form.what) if form.what else (form.step, form.variant)
    try:
        texts = await _texts(request, form, step, variant)
        found = await worst_cases.worst_cases(hub, campaign.id, texts)
    except (BadInput, NotFound, Unavailable) as error:
        return WorstView(error=error.message)
    async with hub.transaction() as tx:
        drawn = [await _drawn(tx, one) for one in found]
    place = "test" if form.what else "message"
    here = f"/campaigns/{campaign.id}/{place}?step={step}&variant={variant}&who="
    return WorstView(cases=drawn, here=here)


async def _texts(request: web.Request, form: WorstForm, step: int, variant: str) -> Texts:
    """As they are typed, or stored. Raises NotFound."""
    if not form.what:
        return preview.texts_of(form, preview.blanks_of(dict(await posted(request))))
    async with hub_of(request).transaction() as tx:
        return await steps.said(tx, id_of(request), step, variant)


async def _drawn(tx: Tx, one: Case) -> CaseView:
    line = await connections.load(tx, one.channel_id)
    content = one.content
    missing = content.missing if content else ()
    return CaseView(
        id=one.contact_id,
        name=one.contact_name,
        account=one.account_name,
        address=one.address,
        mark=mark(line.kind, line.name),
        flags=flagged(one.flags),
        subject=preview.pieces(one.subject, missing),
        said=preview.pieces(one.said, missing),
        designed=bool(content and content.html and not one.said),
        error=_("This letter cannot be written: %(why)s", why=one.trouble) if one.trouble else "",
    )
