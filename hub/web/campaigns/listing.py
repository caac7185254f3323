"""/campaigns: all of them by what they are doing, and beginning a new one."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.agents.roles import must
from hub.campaigns import campaigns
from hub.campaigns.states import State
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.campaigns import words
from hub.web.campaigns.views import ListPage, NewPage, RowView
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, person_of

PAGE = 50
FILTERS: dict[str, tuple[str, tuple[State, ...]]] = {
    "": (N_("All"), ()),
    "drafts": (N_("Drafts"), ("draft",)),
    "waiting": (N_("Waiting"), ("preparing", "prepared", "scheduled")),
    "running": (N_("Under way"), ("running", "paused")),
    "ended": (N_("Ended"), ("finished", "canceled")),
}


class NewForm(msgspec.Struct):
    """POST /campaigns."""

    name: str = ""


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /campaigns?which=&before=."""
    must(person_of(request), "run_campaigns")
    cursor = await shell.live_cursor(request)
    which = request.query.get("which", "")
    which = which if which in FILTERS else ""
    async with hub_of(request).transaction() as tx:
        found = await campaigns.listed(
            tx, states=FILTERS[which][1], before=number_of(request, "before"), most=PAGE + 1
        )
    more = ""
    if len(found) > PAGE:
        more = "/campaigns?" + urlencode({"which": which, "before": found[PAGE - 1].id})
    page = ListPage(
        rows=[
            RowView(
                campaign=one,
                state=words.state(one),
                tone=words.TONES.get(one.state, ""),
                place=words.place(one),
            )
            for one in found[:PAGE]
        ],
        filters=[(key, _(name)) for key, (name, _states) in FILTERS.items()],
        which=which,
        more=more,
    )
    return await shell.page(request, "campaigns/list.html", page, current="campaigns", cursor=cursor)


async def begin(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/new."""
    must(person_of(request), "run_campaigns")
    return await shell.page(request, "campaigns/new.html", NewPage(), current="campaigns")


async def add(request: web.Request) -> web.StreamResponse:
    """POST /campaigns: a draft, then its first step."""
    person = person_of(request)
    must(person, "run_campaigns")
    form = await form_of(request, NewForm)
    try:
        async with hub_of(request).transaction() as tx:
            made = await campaigns.create(tx, form.name, agent_id=person.id)
    except BadInput as error:
        page = NewPage(name=form.name, errors={error.field: error.message})
        return await shell.page(request, "campaigns/new.html", page, current="campaigns", status=422)
    raise web.HTTPSeeOther(f"/campaigns/{made.id}/audience")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}: to where one goes on with it."""
    must(person_of(request), "run_campaigns")
    async with hub_of(request).transaction() as tx:
        found = await campaigns.load(tx, int(request.match_info["id"]))
    raise web.HTTPSeeOther(words.place(found))
