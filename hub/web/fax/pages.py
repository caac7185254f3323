"""A line's own patterns: named, tried on a sample mail before they are saved, removed (administrators only)."""

from __future__ import annotations

import base64
import binascii
from email.message import EmailMessage
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post
from aiohttp.web_request import FileField

from hub.agents.roles import must
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, DeliveryReported, MessageReceived
from hub.channels.fax import patterns
from hub.channels.fax.patterns import Named
from hub.channels.fax.templates import FIELDS
from hub.channels.reading import Reader
from hub.channels.registry import adapter
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.forms import form_of, posted
from hub.web.requests import hub_of, id_of, person_of
from hub.web.views import View

LARGEST_SAMPLE = 15_000_000
MOST_KEPT = 20_000  # characters of the sample's words, carried along for the next try
STATES = {
    "received": N_("A fax came"),
    "failed": N_("A fax to us failed"),
    "error": N_("A fax to us broke off"),
    "delivered": N_("Our fax arrived"),
    "undelivered": N_("Our fax did not arrive"),
    "delayed": N_("Our fax is still being tried"),
}


class PatternForm(msgspec.Struct, kw_only=True):
    """POST …/patterns: `do` is try or save; `kept` the sample's words from the try before."""

    name: str = ""
    state: str = "received"
    subject: str = ""
    sign: str = ""
    body: str = ""
    do: str = "try"
    kept: str = ""


class PatternsPage(View, frozen=True, kw_only=True):
    """GET /admin/channels/{id}/patterns. `found`: each field as the sample would give it; None before a try."""

    channel: int
    name: str
    known: list[Named]
    form: PatternForm
    states: list[tuple[str, str]]
    fields: str
    found: list[tuple[str, str]] | None = None
    sample_subject: str = ""
    sample_text: str = ""
    done: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/{id}/patterns. Raises NotFound for a line that reads no such mails."""
    done = _("Saved. The next mail is read with it.") if request.query.get("saved") else ""
    return await _page(request, await _channel(request), PatternForm(), done=done)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/patterns: try it on a sample, or save it (over one of the same name)."""
    channel = await _channel(request)
    form = await form_of(request, PatternForm)
    try:
        entry = patterns.checked(
            Named(
                name=form.name or "—", state=form.state, subject=form.subject, sign=form.sign, body=form.body
            )
        )
        if form.do == "save":
            return await _save(request, channel, form, entry)
        return await _try(request, channel, form, entry)
    except BadInput as error:
        return await _page(request, channel, form, errors={error.field: error.message})


async def remove(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/patterns/remove, field `name`."""
    channel = await _channel(request)
    form = await form_of(request, PatternForm)
    left = [one for one in patterns.entries(channel.settings) if one.name != form.name]
    await _store(request, channel, left)
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}/patterns")


ROUTES: list[RouteDef] = [
    get(r"/admin/channels/{id:\d{1,18}}/patterns", show),
    post(r"/admin/channels/{id:\d{1,18}}/patterns", change),
    post(r"/admin/channels/{id:\d{1,18}}/patterns/remove", remove),
]


async def _channel(request: web.Request) -> Channel:
    must(person_of(request), "manage_channels")
    async with hub_of(request).transaction() as tx:
        channel = await connections.load(tx, id_of(request))
    if not adapter(channel.kind).can.patterns:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return channel


async def _save(
    request: web.Request, channel: Channel, form: PatternForm, entry: Named
) -> web.StreamResponse:
    if not form.name.strip():
        raise BadInput(_("Give the pattern a name."), field="name")
    others = [one for one in patterns.entries(channel.settings) if one.name != entry.name]
    if len(others) >= patterns.MOST_PATTERNS:
        raise BadInput(_("At most %(n)s patterns.", n=patterns.MOST_PATTERNS), field="name")
    await _store(request, channel, [*others, entry])
    raise web.HTTPSeeOther(f"/admin/channels/{channel.id}/patterns?saved=1")


async def _store(request: web.Request, channel: Channel, entries: list[Named]) -> None:
    async with hub_of(request).transaction() as tx:
        await connections.set_setting(
            tx, channel.id, "patterns", [msgspec.to_builtins(one) for one in entries]
        )


async def _try(request: web.Request, channel: Channel, form: PatternForm, entry: Named) -> web.StreamResponse:
    """Read the sample in a child with this pattern alone, and show each field as it would be."""
    body = await _sample(request, form)
    if not body:
        raise BadInput(_("Choose a sample mail (a file that ends in .eml)."), field="sample")
    settings: dict[str, Any] = channel.settings | {"patterns": [msgspec.to_builtins(entry)]}
    line = msgspec.structs.replace(channel, settings=settings, secrets=None).line(hub_of(request).crypto)
    reader = Reader()
    await reader.start()
    try:
        facts = await reader.read(channel.kind, Raw(body=body), line)
        (words, *_more) = await reader.read("email", Raw(body=body), line)
    finally:
        await reader.close()
    subject, text = (words.subject, words.text) if isinstance(words, MessageReceived) else ("", "")
    form.kept = _kept(subject, text)
    return await _page(
        request, channel, form, found=_fields(facts, entry), sample_subject=subject, sample_text=text[:3_000]
    )


async def _sample(request: web.Request, form: PatternForm) -> bytes:
    given = (await posted(request)).get("sample")
    if isinstance(given, FileField) and given.filename:
        content = given.file.read(LARGEST_SAMPLE + 1)
        if len(content) > LARGEST_SAMPLE:
            raise BadInput(_("This is too long."), field="sample")
        return content
    try:
        return base64.b64decode(form.kept.encode(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(_("Choose a sample mail (a file that ends in .eml)."), field="sample") from error


def _kept(subject: str, text: str) -> str:
    """The sample without its files: a browser does not send a chosen file twice."""
    mail = EmailMessage()
    mail["From"] = "sample@sample.invalid"
    mail["Subject"] = " ".join(subject.split())[:500]
    mail.set_content(text[:MOST_KEPT] or " ")
    return base64.b64encode(mail.as_bytes()).decode()


def _fields(facts: list[AnyFact], entry: Named) -> list[tuple[str, str]]:
    """Name and value; a pattern that does not fit says so alone."""
    fact = facts[0]
    if isinstance(fact, DeliveryReported):
        fits = entry.state in ("delivered", "undelivered", "delayed")
        named = {_("To"): fact.recipient, _("Reason"): fact.reason} if fits else {}
    elif isinstance(fact, MessageReceived) and fact.details.get("fax", {}).get("provider") == entry.name:
        told = fact.details["fax"]
        named = {
            _("Caller's number"): str(told.get("caller") or ""),
            "CSID": str(told.get("csid") or ""),
            _("Pages"): str(told.get("pages") or ""),
            _("To"): fact.to[0].address if fact.to else "",
            _("Reason"): str(told.get("reason") or ""),
        }
    else:
        named = {}
    return list(named.items()) or [(_("Result"), _("The pattern does not fit this mail."))]


async def _page(request: web.Request, channel: Channel, form: PatternForm, **more: Any) -> web.StreamResponse:
    page = PatternsPage(
        channel=channel.id,
        name=channel.name,
        known=patterns.entries(channel.settings),
        form=form,
        states=[(state, _(words)) for state, words in STATES.items()],
        fields=" ".join(f"{{{name}}}" for name in FIELDS),
        **more,
    )
    status = 422 if page.errors else 200
    return await shell.page(request, "fax/patterns.html", page, current="admin", status=status)
