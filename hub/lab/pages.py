"""The lab's page: write as a customer on the left, see what left the hub on the right."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.channels import connections
from hub.customers import contacts
from hub.lab import customer
from hub.lab.customer import Letter
from hub.lab.sent import Outbox, Sent
from hub.operating.demo_lines import shop_url
from hub.plumbing.errors import BadInput, NotFound, Unavailable
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, person_of, wants_json
from hub.web.views import View


class Left(View, frozen=True, kw_only=True):
    """One mail that left, as the customer's mail program shows it."""

    name: str
    at: datetime
    recipient: str
    sender: str
    subject: str
    text: str
    attachments: list[str]
    raw: str


class LabPage(View, frozen=True, kw_only=True):
    """GET /lab. `people` and `lines` are what the form suggests; `done` is a sentence, or empty."""

    letter: Letter
    people: list[str]
    lines: list[tuple[str, str]]
    left: list[Left]
    shop: str = ""
    done: str = ""
    error: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /lab: an empty letter, or with ?answer=NAME the answer to a mail that left."""
    name = request.query.get("answer", "")
    sent = await _outbox(request).find(name) if name else None
    letter = customer.answer_to(sent) if sent else Letter(sender=request.query.get("from", ""))
    done = _("Sent. It is in the inbox now.") if request.query.get("sent") else ""
    return await _page(request, letter, done=done)


async def write(request: web.Request) -> web.StreamResponse:
    """POST /lab/mail: through real SMTP to the hub's own door."""
    letter = await form_of(request, Letter)
    settings = hub_of(request).settings
    try:
        await customer.post(letter, "127.0.0.1", settings.smtp_port)
    except BadInput as error:
        return await _page(request, letter, errors={error.field: error.message})
    except Unavailable as error:
        return await _page(request, letter, error=error.message)
    raise web.HTTPSeeOther("/lab?sent=1")


async def sent(request: web.Request) -> web.StreamResponse:
    """GET /lab/sent: what left, newest first; JSON by Accept: `{"items": [{"at","kind","from","to","raw"}]}`."""
    if not wants_json(request):
        raise web.HTTPSeeOther("/lab#sent")
    items = [msgspec.to_builtins(one) for one in await _outbox(request).newest(200)]
    for item in items:
        item.pop("name", None)
    return web.Response(body=msgspec.json.encode({"items": items}), content_type="application/json")


async def raw(request: web.Request) -> web.StreamResponse:
    """GET /lab/sent/{name}: one mail as it went over the wire."""
    found = await _outbox(request).find(request.match_info["name"])
    if found is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return web.Response(text=found.raw, content_type="text/plain")


ROUTES: list[RouteDef] = [
    get("/lab", show),
    post("/lab/mail", write),
    get("/lab/sent", sent),
    get(r"/lab/sent/{name:[\w-]{1,80}}", raw),
]


def _outbox(request: web.Request) -> Outbox:
    return Outbox(hub_of(request).settings.data)


async def _page(
    request: web.Request,
    letter: Letter,
    *,
    done: str = "",
    error: str = "",
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    person_of(request)
    async with hub_of(request).transaction() as tx:
        channels = [one for one in await connections.enabled(tx) if one.address]
        known = await contacts.listed(tx, most=200)
    people = [f"{one.contact.name} <{address.value}>" for one in known for address in one.addresses]
    left = [_left(one) for one in await _outbox(request).newest(30)]
    lines = [(one.address, f"{one.name} · {one.address}") for one in channels]
    if letter.to and letter.to not in [address for address, _name in lines]:
        lines.insert(0, (letter.to, letter.to))
    page = LabPage(
        letter=letter,
        people=people,
        lines=lines,
        left=left,
        shop=shop_url(hub_of(request).settings),
        done=done,
        error=error,
        errors=errors or {},
    )
    return await shell.page(request, "lab/page.html", page, current="lab")


def _left(one: Sent) -> Left:
    read = customer.read(one)
    return Left(
        name=one.name,
        at=one.at,
        recipient=one.recipient,
        sender=(read.sender.name or read.sender.address) if read else one.sender,
        subject=read.subject if read else "",
        text=(read.new_text or read.text) if read else one.raw[:2000],
        attachments=[attached.name for attached in read.attachments] if read else [],
        raw=one.raw,
    )
