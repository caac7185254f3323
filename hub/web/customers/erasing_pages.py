"""Erasing a person: what will go and what stays, a number typed by an administrator, and the statement afterwards."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import must
from hub.customers import contacts, erasures
from hub.customers.erasures import Erasure
from hub.insight import erasing, held
from hub.insight.erasing import MOST, Foreseen
from hub.plumbing.errors import BadInput
from hub.web import shell
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of
from hub.web.views import View

PAGE = 50


class ErasePage(View, frozen=True, kw_only=True):
    """GET /contacts/{id}/erase: what will go, with how many. `most`: so far mentions elsewhere are counted."""

    foreseen: Foreseen
    goes: list[tuple[str, int]]
    most: int = MOST
    under_way: Erasure | None = None
    error: str = ""


class ErasuresPage(View, frozen=True, kw_only=True):
    """GET /erasures."""

    erasures: list[Erasure]
    more: str


class ErasurePage(View, frozen=True, kw_only=True):
    """GET /erasures/{id}: the statement."""

    erasure: Erasure
    went: list[tuple[str, int]]


class EraseForm(msgspec.Struct):
    """POST /contacts/{id}/erase; `confirm` is the contact's number."""

    confirm: str = ""


async def ask(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}/erase."""
    return await _page(request)


async def erase(request: web.Request) -> web.StreamResponse:
    """POST /contacts/{id}/erase: from now on, and there is no way back."""
    person, form = person_of(request), await form_of(request, EraseForm)
    must(person, "erase")
    try:
        async with hub_of(request).transaction() as tx:
            root, *_others = await contacts.merged(tx, id_of(request))
            erasures.confirmed(form.confirm, root)
            asked = await erasures.ask(tx, hub_of(request).crypto, root, agent_id=person.id)
    except BadInput as error:
        return await _page(request, error.message)
    raise web.HTTPSeeOther(f"/erasures/{asked.id}")


async def hand_out(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}/held.json: everything that is held about them, to be given to them."""
    must(person_of(request), "erase")
    async with hub_of(request).transaction() as tx:
        everything = await held.written(tx, id_of(request))
    return web.Response(
        body=everything,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="contact-{id_of(request)}.json"'},
    )


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /erasures?before=."""
    must(person_of(request), "erase")
    async with hub_of(request).transaction() as tx:
        found = await erasures.listed(tx, before=number_of(request, "before"), most=PAGE + 1)
    more = f"/erasures?before={found[PAGE - 1].id}" if len(found) > PAGE else ""
    page = ErasuresPage(erasures=found[:PAGE], more=more)
    return await shell.page(request, "customers/erasures.html", page, current="contacts")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /erasures/{id}."""
    must(person_of(request), "erase")
    async with hub_of(request).transaction() as tx:
        found = await erasures.load(tx, id_of(request))
    page = ErasurePage(erasure=found, went=erasures.words(found.counts))
    return await shell.page(request, "customers/erasure.html", page, current="contacts")


async def _page(request: web.Request, error: str = "") -> web.StreamResponse:
    must(person_of(request), "erase")
    async with hub_of(request).transaction() as tx:
        foreseen = await erasing.foresee(tx, id_of(request))
        under_way = await erasures.under_way(tx, foreseen.contact_id)
    goes = erasures.words(foreseen.counts)
    page = ErasePage(foreseen=foreseen, goes=goes, under_way=under_way, error=error)
    return await shell.page(request, "customers/erase.html", page, current="contacts")
