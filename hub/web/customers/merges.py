"""Merges: two contacts become one person, the list of all merges, and taking one back."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations.mixed import mixed
from hub.customers import contacts, merging
from hub.merging import merge as join
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.customers.contact_pages import page_of
from hub.web.customers.views import MergesPage
from hub.web.forms import form_of, number_of
from hub.web.requests import hub_of, id_of, person_of

PAGE = 50


class MergeForm(msgspec.Struct):
    """POST /contacts/{id}/merge: a name, an address or the number of the contact who is the same person."""

    other: str = ""


async def merge(request: web.Request) -> web.StreamResponse:
    """POST /contacts/{id}/merge: the other one becomes part of this contact, then its page."""
    person, form = person_of(request), await form_of(request, MergeForm)
    try:
        async with hub_of(request).transaction() as tx:
            own = (await contacts.load(tx, id_of(request))).contact
            await join(tx, await _named(tx, form.other, own.id), own.id, agent_id=person.id)
    except (BadInput, Conflict) as error:
        return await page_of(request, {"other": error.message}, form)
    raise web.HTTPSeeOther(f"/contacts/{own.id}")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merges?before=&undone=: all merges, newest first; `undone` is the one just taken back."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        found = await merging.listed(tx, before=number_of(request, "before"), most=PAGE + 1)
        undone, left = number_of(request, "undone"), None
        if undone:
            left = await merging.load(tx, undone)
        both = await mixed(tx, person.id, left.members, left.into_id) if left and left.undone_at else []
    more = f"/merges?before={found[PAGE - 1].id}" if len(found) > PAGE else ""
    page = MergesPage(
        merges=found[:PAGE], undone=left if left and left.undone_at else None, mixed=both, more=more
    )
    return await shell.page(request, "customers/merges.html", page, current="contacts")


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /merges/{id}/undo: two people again; the conversations of both are named. Raises NotFound, Conflict."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        done = await merging.unmerge(tx, id_of(request), agent_id=person.id)
    raise web.HTTPSeeOther(f"/merges?undone={done.id}")


async def _named(tx: Tx, text: str, own: int) -> int:
    """The one contact that is meant. Raises BadInput."""
    plain = text.strip().lstrip("#")
    if not plain:
        raise BadInput(_("Write a name or an address."), field="other")
    if plain.isascii() and plain.isdigit() and len(plain) < 10:
        return (await contacts.load(tx, int(plain))).contact.id
    found = [one.contact for one in await contacts.listed(tx, text=plain, most=20) if one.contact.id != own]
    exact = [one for one in found if one.name.lower() == plain.lower()]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0].id
    if not found:
        raise BadInput(_("Nobody else has this name or address."), field="other")
    some = ", ".join(f"{one.name or '—'} (#{one.id})" for one in found[:5])
    raise BadInput(_("Several people fit: %(some)s. Write the number of one.", some=some), field="other")
