"""GET and POST /new: an agent writes first; who it is for, then on in the composer of a new conversation."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import starting
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.web import shell
from hub.web.customers import whom
from hub.web.forms import form_of, number_of
from hub.web.inbox.asked import must_see, whole
from hub.web.requests import hub_of, person_of
from hub.web.views import View

MOST_MATTERS = 5


class NewForm(msgspec.Struct):
    """POST /new. `contact_id` empty: whoever has `address`, or somebody new of that `name`."""

    contact_id: str = ""
    name: str = ""
    address: str = ""
    subject: str = ""


class NewPage(View, frozen=True, kw_only=True):
    """GET /new: who it is for, and what is open with them."""

    form: NewForm
    whom: whom.Whom
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /new?q=&contact=: who it is for."""
    return await _page(request, NewForm(contact_id=str(number_of(request, "contact") or "")))


async def begin(request: web.Request) -> web.StreamResponse:
    """POST /new: on to the conversation's own composer."""
    person = person_of(request)
    form = await form_of(request, NewForm)

    async def verb(tx: Tx) -> int:
        contact_id = whole(form.contact_id, "contact_id")
        if contact_id is None:
            contact_id = await starting.known_or_new(tx, form.name, form.address, person.id)
        begun = await starting.start(tx, contact_id, person, subject=form.subject)
        await must_see(tx, begun.id, person)
        return begun.id

    try:
        id_ = await hub_of(request).retrying(verb)
    except BadInput as error:
        return await _page(request, form, errors={error.field: error.message})
    raise web.HTTPSeeOther(f"/c/{id_}")


async def _page(
    request: web.Request, form: NewForm, *, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    contact_id = whole(form.contact_id, "contact_id")
    async with hub_of(request).transaction() as tx:
        asked = await whom.asked(tx, request, contact_id, states=("open", "snoozed"), most=MOST_MATTERS)
    page = NewPage(form=form, whom=asked, errors=errors or {})
    return await shell.page(request, "inbox/new.html", page, status=422 if errors else 200)
