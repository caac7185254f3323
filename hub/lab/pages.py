"""The doors of the lab: look at it, write a mail or a text, choose what becomes of answers, read what left."""

from __future__ import annotations

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.lab import customer, left, texts
from hub.lab.customer import Letter
from hub.lab.page import again, draw
from hub.lab.playing import choose, somebody
from hub.lab.sent import Outbox
from hub.lab.telephone import TWILIO
from hub.lab.texts import Note
from hub.plumbing.errors import BadInput, NotFound, Unavailable
from hub.plumbing.texts import _
from hub.web.forms import form_of
from hub.web.requests import hub_of, wants_json


class End(msgspec.Struct, kw_only=True):
    """POST /lab/fate: what becomes of what is sent to `address` by `kind`."""

    kind: str = ""
    address: str = ""
    end: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /lab: ?as= who, ?by= the kind; with ?answer=NAME the answer to a mail that left."""
    name = request.query.get("answer", "")
    sent = await _outbox(request).find(name) if name else None
    done = _("Sent. It is in the inbox now.") if request.query.get("sent") else ""
    if request.query.get("chosen"):
        done = _("From the next answer on.")
    if sent is None:
        return await draw(request, done=done)
    letter = customer.answer_to(sent)
    person = somebody("", letter.sender)
    return await draw(request, by="email", person=person, letter=letter, done=done)


async def write(request: web.Request) -> web.StreamResponse:
    """POST /lab/mail: through real SMTP to the hub's own door."""
    letter = await form_of(request, Letter)
    person = somebody("", letter.sender)
    try:
        await customer.post(letter, "127.0.0.1", hub_of(request).settings.smtp_port)
    except BadInput as error:
        errors = {error.field: error.message}
        return await draw(request, by="email", person=person, letter=letter, errors=errors)
    except Unavailable as error:
        return await draw(request, by="email", person=person, letter=letter, error=error.message)
    raise again(request, "email", person, sent="1")


async def text(request: web.Request) -> web.StreamResponse:
    """POST /lab/texts: an SMS or WhatsApp message, with a file in `photo`."""
    note = await form_of(request, Note)
    photo = (await request.post()).get("photo")
    files = []
    if isinstance(photo, web.FileField) and (content := photo.file.read(texts.MOST_BYTES)):
        files.append((photo.content_type or "application/octet-stream", content))
    person = somebody("", note.sender, note.name)
    try:
        sender = await texts.say(request.app[TWILIO], note, files)
    except BadInput as error:
        errors = {error.field: error.message}
        return await draw(request, by=note.line, person=person, note=note, errors=errors)
    except Unavailable as error:
        return await draw(request, by=note.line, person=person, note=note, error=error.message)
    raise again(request, note.line, somebody("", sender, note.name), sent="1")


async def decide(request: web.Request) -> web.StreamResponse:
    """POST /lab/fate: from now on, what is sent there arrives, fails or stays silent."""
    end = await form_of(request, End)
    person = somebody("", end.address)
    try:
        choose(request, end.kind, end.address, end.end)
    except BadInput as error:
        return await draw(request, by=end.kind, person=person, errors={error.field: error.message})
    raise again(request, end.kind, person, chosen="1")


async def sent(request: web.Request) -> web.StreamResponse:
    """GET /lab/sent: what left, newest first; JSON by Accept: `{"items": [{"at","kind","from","to","raw"}]}`."""
    if not wants_json(request):
        raise web.HTTPSeeOther("/lab#sent")
    async with hub_of(request).transaction() as tx:
        items = [msgspec.to_builtins(one) for one in await left.newest(_outbox(request), tx, 200)]
    for item in items:
        item.pop("name", None)
    return web.Response(body=msgspec.json.encode({"items": items}), content_type="application/json")


async def raw(request: web.Request) -> web.StreamResponse:
    """GET /lab/sent/{name}: one of them as it went over the wire."""
    found = await _outbox(request).find(request.match_info["name"])
    if found is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return web.Response(text=found.raw, content_type="text/plain")


ROUTES: list[RouteDef] = [
    get("/lab", show),
    post("/lab/mail", write),
    post("/lab/texts", text),
    post("/lab/fate", decide),
    get("/lab/sent", sent),
    get(r"/lab/sent/{name:[\w-]{1,80}}", raw),
]


def _outbox(request: web.Request) -> Outbox:
    return Outbox(hub_of(request).settings.data)
