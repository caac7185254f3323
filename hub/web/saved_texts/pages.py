"""/saved-texts: the list, one with its versions, and keeping, changing, retiring them."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.conversations import macros, saved_texts
from hub.conversations.labels import PRIORITIES
from hub.conversations.saved_texts import SavedText
from hub.customers import contacts
from hub.customers.variables import VARIABLES, Variable
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import LANGUAGES, N_, _
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of
from hub.web.saved_texts import preview, quick
from hub.web.saved_texts.views import SavedTextForm, SavedTextPage, SavedTextsPage

DONE = {"saved": N_("Saved"), "retired": N_("No longer offered"), "offered": N_("Offered again")}


class UseForm(msgspec.Struct):
    """POST /saved-texts/{id}/use."""

    active: bool = False


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /saved-texts?q=&retired=1."""
    person_of(request)
    q, retired = request.query.get("q", "")[:100], request.query.get("retired") == "1"
    async with hub_of(request).transaction() as tx:
        found = await saved_texts.listed(tx, text=q, active=not retired)
        names = dict(await saved_texts.assignees(tx))
    page = SavedTextsPage(
        texts=found, does={one.id: macros.told(one.actions, names) for one in found}, q=q, retired=retired
    )
    return await shell.page(request, "saved_texts/list.html", page, current="saved_texts")


async def begin(request: web.Request) -> web.StreamResponse:
    """GET /saved-texts/new."""
    return await _page(request, None, SavedTextForm())


async def add(request: web.Request) -> web.StreamResponse:
    """POST /saved-texts."""
    person = person_of(request)
    form = await form_of(request, SavedTextForm)
    try:
        async with hub_of(request).transaction() as tx:
            made = await saved_texts.create(tx, preview.wanted_of(form), agent_id=person.id)
    except (BadInput, Conflict) as error:
        return await _page(request, None, form, {error.field: error.message})
    raise web.HTTPSeeOther(f"/saved-texts/{made.id}?done=saved")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /saved-texts/{id}."""
    person_of(request)
    async with hub_of(request).transaction() as tx:
        saved = await saved_texts.load(tx, id_of(request))
    return await _page(request, saved, _form(saved))


async def change(request: web.Request) -> web.StreamResponse:
    """POST /saved-texts/{id}: its next version."""
    person = person_of(request)
    form = await form_of(request, SavedTextForm)
    try:
        async with hub_of(request).transaction() as tx:
            await saved_texts.change(tx, id_of(request), preview.wanted_of(form), agent_id=person.id)
    except (BadInput, Conflict) as error:
        async with hub_of(request).transaction() as tx:
            saved = await saved_texts.load(tx, id_of(request))
        return await _page(request, saved, form, {error.field: error.message})
    raise web.HTTPSeeOther(f"/saved-texts/{id_of(request)}?done=saved")


async def use(request: web.Request) -> web.StreamResponse:
    """POST /saved-texts/{id}/use: offered again, or no longer."""
    person = person_of(request)
    form = await form_of(request, UseForm)
    async with hub_of(request).transaction() as tx:
        await saved_texts.use(tx, id_of(request), active=form.active, agent_id=person.id)
    raise web.HTTPSeeOther(f"/saved-texts/{id_of(request)}?done={'offered' if form.active else 'retired'}")


ROUTES: list[RouteDef] = [
    get("/saved-texts", show_all),
    post("/saved-texts", add),
    get("/saved-texts/new", begin),
    post("/saved-texts/preview", preview.show),
    get(r"/saved-texts/{id:\d{1,18}}", show),
    post(r"/saved-texts/{id:\d{1,18}}", change),
    post(r"/saved-texts/{id:\d{1,18}}/use", use),
    get("/c/{id}/saved-texts", quick.offered),
    post("/c/{id}/macro", quick.run),
]


async def _page(
    request: web.Request, saved: SavedText | None, form: SavedTextForm, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        people = [one.contact.name for one in await contacts.listed(tx, most=30) if one.contact.name]
        if not form.who and people:
            form = msgspec.structs.replace(form, who=people[0])
        page = SavedTextPage(
            id=saved.id if saved else 0,
            active=saved is None or saved.active,
            form=form,
            preview=await preview.preview(tx, form, person),
            versions=await saved_texts.versions(tx, saved.id) if saved else [],
            people=people,
            errors=errors or {},
            done=_(DONE.get(request.query.get("done", ""), "")) if request.query.get("done") in DONE else "",
            **await _choices(tx),
        )
    status = 422 if errors else 200
    return await shell.page(request, "saved_texts/page.html", page, current="saved_texts", status=status)


async def _choices(tx: Tx) -> dict[str, Any]:
    return {
        "variables": [_translated(one) for one in VARIABLES],
        "assignees": [("", _("Leave it")), ("me", _("Me")), *await saved_texts.assignees(tx)],
        "priorities": [("", _("Leave it")), *((value, _(name)) for value, name in PRIORITIES.items())],
        "spoken": [("", _("Any language")), *LANGUAGES.items()],
    }


def _translated(one: Variable) -> Variable:
    fallback = _(one.fallback) if one.fallback else ""
    return msgspec.structs.replace(one, label=_(one.label), example=_(one.example), fallback=fallback)


def _form(saved: SavedText) -> SavedTextForm:
    actions = saved.actions
    return SavedTextForm(
        title=saved.title,
        shortcut=saved.shortcut,
        language=saved.language,
        subject=saved.subject,
        text=saved.text,
        html=saved.html,
        short=saved.short,
        assign=actions.assign,
        tags=", ".join(actions.tags),
        priority=actions.priority,
        close=actions.close,
    )
