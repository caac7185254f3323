"""The lab's telephone page: write as a customer by SMS or WhatsApp, with a photo, and see what the hub sent."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.channels import phone
from hub.customers import contacts
from hub.lab.sent import Outbox, Sent
from hub.lab.telephone import LINES, TWILIO
from hub.lab.twilio_texts import FATES
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, person_of
from hub.web.views import View

MOST_BYTES = 16_000_000
ENDS = {
    "delivered": N_("Arrives"),
    "read": N_("Is read"),
    "backwards": N_("Arrives; its reports come in the wrong order"),
    "silent": N_("Nothing is ever reported"),
    "30003": N_("The telephone is off (30003)"),
    "30006": N_("It is a landline (30006)"),
    "21610": N_("They had said stop (21610)"),
    "63016": N_("WhatsApp's 24 hours are over (63016)"),
}


class Note(msgspec.Struct, kw_only=True):
    """What the customer typed. `end`: what becomes of what is sent to their number."""

    sender: str = ""
    name: str = ""
    line: str = LINES[0][0]
    text: str = ""
    end: str = "delivered"


class Bubble(View, frozen=True, kw_only=True):
    """One message that left, as a telephone shows it."""

    at: datetime
    kind: str
    recipient: str
    text: str
    files: list[str]


class TextsPage(View, frozen=True, kw_only=True):
    """GET /lab/texts."""

    note: Note
    people: list[str]
    lines: list[tuple[str, str]]
    ends: list[tuple[str, str]]
    left: list[Bubble]
    done: str = ""
    error: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /lab/texts."""
    note = Note(sender=request.query.get("from", ""), line=request.query.get("line", LINES[0][0]))
    return await _page(
        request, note, done=_("Sent. It is in the inbox now.") if request.query.get("sent") else ""
    )


async def write(request: web.Request) -> web.StreamResponse:
    """POST /lab/texts: a correctly signed webhook of the pretend Twilio."""
    note = await form_of(request, Note)
    try:
        await _say(request, note)
    except BadInput as error:
        return await _page(request, note, errors={error.field: error.message})
    except Unavailable as error:
        return await _page(request, note, error=error.message)
    raise web.HTTPSeeOther(f"/lab/texts?sent=1&line={note.line}&from={note.sender.replace('+', '%2B')}")


ROUTES: list[RouteDef] = [get("/lab/texts", show), post("/lab/texts", write)]


async def _say(request: web.Request, note: Note) -> None:
    twilio = request.app[TWILIO]
    try:
        number = phone.e164(note.sender.rpartition(" ")[2].strip("<>") if "<" in note.sender else note.sender)
    except ValueError as error:
        raise BadInput(_("Write a number like +34600123456."), field="sender") from error
    line = next((one for one in LINES if one[0] == note.line), LINES[0])
    photo = (await request.post()).get("photo")
    files = []
    if isinstance(photo, web.FileField) and (content := photo.file.read(MOST_BYTES)):
        files.append((photo.content_type or "application/octet-stream", content))
    if not note.text.strip() and not files:
        raise BadInput(_("Write something first."), field="text")
    if note.end in (*FATES, "21610"):
        twilio.texts.fates[number] = note.end
    scheme = "whatsapp:" if line[2].startswith("whatsapp:") else ""
    more = {"ProfileName": note.name} if scheme and note.name else {}
    told = await twilio.texts.says(scheme + number, line[2], note.text, files, **more)
    if told.status != 200:
        raise Unavailable(_("The hub answered %(status)s.", status=told.status))


async def _page(
    request: web.Request,
    note: Note,
    *,
    done: str = "",
    error: str = "",
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    person_of(request)
    async with hub_of(request).transaction() as tx:
        known = await contacts.listed(tx, most=200)
    page = TextsPage(
        note=note,
        people=[
            f"{one.contact.name} <{address.value}>"
            for one in known
            for address in one.addresses
            if address.type == "phone"
        ],
        lines=[(kind, f"{name} · {phone.SCHEME.sub('', address)}") for kind, name, address in LINES],
        ends=[(key, _(words)) for key, words in ENDS.items()],
        left=[
            _bubble(one) for one in await Outbox(hub_of(request).settings.data).newest(200) if _is_text(one)
        ],
        done=done,
        error=error,
        errors=errors or {},
    )
    return await shell.page(request, "lab/texts.html", page, current="lab")


def _is_text(one: Sent) -> bool:
    return one.kind in [kind for kind, _name, _address in LINES]


def _bubble(one: Sent) -> Bubble:
    fields = parse_qs(one.raw)
    return Bubble(
        at=one.at,
        kind=next(name for kind, name, _address in LINES if kind == one.kind),
        recipient=phone.SCHEME.sub("", one.recipient),
        text=fields.get("Body", fields.get("ContentSid", [""]))[0],
        files=fields.get("MediaUrl", []),
    )
