"""GET and POST /c/{id}/approved: send a text the channel's provider approved, when free text may not leave."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.conversations import approved, thread
from hub.conversations.approved import ApprovedText, Chosen
from hub.conversations.replies import Answer, reply
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.ids import token
from hub.web import shell
from hub.web.forms import form_of
from hub.web.inbox.asked import id_of, must_see, whole
from hub.web.requests import hub_of, person_of
from hub.web.views import Named, View

PREFIX = "v_"


class Offered(View, frozen=True, kw_only=True):
    """One text as it is offered: its blanks as (name, as it stands in the text, value typed so far)."""

    id: int
    name: str
    channel: str
    language: str
    body: str
    blanks: list[tuple[str, str, str]]
    error: str = ""


class ApprovedPage(View, frozen=True, kw_only=True):
    """The texts that may go to this conversation's customer."""

    conversation: Named
    back: str
    texts: list[Offered]
    client_id: str


class ChosenForm(msgspec.Struct):
    """What was chosen; the blanks come beside it, as `v_1`, `v_2`…"""

    text: str = ""
    client_id: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET: every approved text of the lines that are switched on."""
    return await _page(request, 0, {}, "")


async def send(request: web.Request) -> web.StreamResponse:
    """POST: an answer like any other, that can be undone; back to the conversation."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, ChosenForm)
    given = await request.post()
    typed = {
        name.removeprefix(PREFIX): value
        for name, value in given.items()
        if name.startswith(PREFIX) and isinstance(value, str)
    }
    chosen = Chosen(id=whole(form.text, "text") or 0, variables=typed)

    async def verb(tx: Tx) -> None:
        await must_see(tx, id_, person)
        await _answer(tx, request, person, chosen, form.client_id)

    try:
        await hub_of(request).retrying(verb)
    except (BadInput, Conflict) as error:
        return await _page(request, chosen.id, typed, error.message)
    raise web.HTTPSeeOther(f"/c/{id_}")


async def _answer(tx: Tx, request: web.Request, person: Person, chosen: Chosen, client_id: str) -> None:
    text = await approved.load(tx, chosen.id)
    answer = Answer(text="", channel_id=text.channel_id, approved=chosen, client_id=client_id or None)
    await reply(tx, hub_of(request).settings.mail_domain, id_of(request), person.id, answer)


async def _page(request: web.Request, wrong: int, typed: dict[str, str], error: str) -> web.StreamResponse:
    person, id_ = person_of(request), id_of(request)
    async with hub_of(request).transaction() as tx:
        stored = await thread.head(tx, id_, person.id)
        texts = await approved.listed(tx)
    page = ApprovedPage(
        conversation=Named(id=id_, name=stored.subject or stored.contact_name),
        back=f"/c/{id_}",
        texts=[_offered(one, stored.contact_name, wrong, typed, error) for one in texts],
        client_id=token(),
    )
    return await shell.page(request, "inbox/approved.html", page, status=400 if error else 200)


def _offered(one: ApprovedText, contact: str, wrong: int, typed: dict[str, str], error: str) -> Offered:
    """The first blank is nearly always the name."""
    is_wrong = one.id == wrong
    guess = {one.variables[0]: contact} if one.variables else {}
    values = typed if is_wrong else guess
    return Offered(
        id=one.id,
        name=one.name,
        channel=one.channel_name,
        language=one.language,
        body=one.body,
        blanks=[(name, "{{" + name + "}}", values.get(name, "")) for name in one.variables],
        error=error if is_wrong else "",
    )
