"""GET and POST /desk: an agent writes down a visit, a letter or a paper form, with its photo."""

from __future__ import annotations

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub import desk
from hub.channels.connections import Channel
from hub.channels.desk.adapter import MOST_BYTES, WHATS
from hub.conversations import thread
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.ids import token
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.chat.uploads import files_of
from hub.web.customers import whom
from hub.web.forms import form_of, number_of, posted
from hub.web.inbox.asked import whole
from hub.web.requests import hub_of, inbound_of, person_of
from hub.web.views import View

MOST_MATTERS = 8


class EntryForm(msgspec.Struct):
    """POST /desk. `contact_id` and `conversation_id` empty: somebody new, a new matter. Files come as `file`."""

    client_id: str = ""
    channel_id: str = ""
    contact_id: str = ""
    conversation_id: str = ""
    name: str = ""
    address: str = ""
    what: str = "visit"
    subject: str = ""
    text: str = ""


class DeskPage(View, frozen=True, kw_only=True):
    """GET /desk: who it was, and what is going on with them: what to join."""

    form: EntryForm
    lines: list[tuple[str, str]]
    whats: list[tuple[str, str]]
    whom: whom.Whom
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /desk?q=&contact=&conversation=: who it was, what it was about."""
    form = EntryForm(client_id=token())
    contact_id, conversation_id = number_of(request, "contact"), number_of(request, "conversation")
    if conversation_id is not None:
        async with hub_of(request).transaction() as tx:
            held = await thread.head(tx, conversation_id, person_of(request).id)
        form.conversation_id, contact_id = str(conversation_id), held.contact_id
    form.contact_id = str(contact_id or "")
    return await _page(request, form)


async def write(request: web.Request) -> web.StreamResponse:
    """POST /desk: to the conversation it became part of."""
    person, hub = person_of(request), hub_of(request)
    form = await form_of(request, EntryForm)
    try:
        async with hub.transaction() as tx:
            channel = _line(await desk.lines(tx), form.channel_id)
        entry = desk.Entry(
            client_id=form.client_id,
            what=form.what,
            text=form.text,
            subject=form.subject,
            contact_id=whole(form.contact_id, "contact_id"),
            name=form.name,
            address=form.address,
            conversation_id=whole(form.conversation_id, "conversation_id"),
            files=await files_of(await posted(request), MOST_BYTES),
        )
        message_id = await desk.log(hub, inbound_of(request), channel, person, entry)
    except BadInput as error:
        return await _page(request, form, errors={error.field: error.message})
    async with hub.transaction() as tx:
        conversation_id = await desk.conversation_of(tx, message_id)
    raise web.HTTPSeeOther(f"/c/{conversation_id}")


ROUTES: list[RouteDef] = [get("/desk", show), post("/desk", write)]


def _line(lines: list[Channel], wanted: str) -> Channel:
    """The line the agent chose, else the first. Raises NotFound."""
    chosen = [one for one in lines if str(one.id) == wanted] or ([] if wanted else lines)
    if not chosen:
        raise NotFound(_("There is no front desk yet: an administrator adds it."))
    return chosen[0]


async def _page(
    request: web.Request, form: EntryForm, *, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    contact_id = whole(form.contact_id, "contact_id")
    async with hub_of(request).transaction() as tx:
        lines = await desk.lines(tx)
        _line(lines, "")
        page = DeskPage(
            form=form,
            lines=[(str(one.id), one.name) for one in lines],
            whats=[(code, _(name)) for code, name in WHATS.items()],
            whom=await whom.asked(
                tx, request, contact_id, states=("open", "snoozed", "closed"), most=MOST_MATTERS
            ),
            errors=errors or {},
        )
    return await shell.page(request, "desk/page.html", page, current="desk", status=422 if errors else 200)
