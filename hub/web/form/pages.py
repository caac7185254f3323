"""A form for other sites: drawn by us in a frame, or a token for a form of their own; and what a browser posts.

Nobody is known here: what is typed are claims. Bounded by network address, typed address and line (promise 42).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import Unreadable
from hub.channels.form import settings
from hub.channels.form.adapter import Typed
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.plumbing.clock import now
from hub.plumbing.errors import BadInput, Forbidden, HubError, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import LANGUAGES, N_, _, best_language, speaking
from hub.web import render
from hub.web.chat import uploads
from hub.web.chat.asked import page_of
from hub.web.forms import form_of, posted
from hub.web.requests import from_here, hub_of, inbound_of, peer_of, wants_json
from hub.web.views import Scope, View

DAY = 86_400
AN_ADDRESS = 10
AN_ADDRESS_SECONDS = 600
QUICKEST = 2
"""Seconds in which no person fills in a form."""
TRAP = "company_fax"
NAMES = {
    "name": N_("Name"),
    "email": N_("Email"),
    "phone": N_("Telephone"),
    "subject": N_("Subject"),
    "text": N_("Message"),
}


class FilledForm(Typed, kw_only=True):
    """POST /in/{key}/form; its files come as `file`. `company_fax` is the trap: nobody sees it."""

    token: str = ""
    company_fax: str = ""


class FormPage(View, frozen=True, kw_only=True):
    """The form in its frame; `done`: it was sent, and this says thanks."""

    title: str
    action: str
    token: str
    trap: str
    fields: list[tuple[str, str, bool]]
    page: str = ""
    typed: dict[str, str] = msgspec.field(default_factory=dict)
    error: str = ""
    done: bool = False


async def show(request: web.Request) -> web.StreamResponse:
    """GET /in/{key}/form: the form; with `Accept: application/json`, its token, for a page of the line's sites."""
    hub, (channel, line) = hub_of(request), await _line(request)
    if wants_json(request):
        _from_site(request, line)
        told = {"token": new_token(hub, channel), "trap": TRAP, "action": _action(hub, channel)}
        return _json(request, line, told)
    with speaking(_language(request)):
        return _html(request, channel, line, _page(hub, channel, line, page=_shown_on(request, line)))


async def fill(request: web.Request) -> web.StreamResponse:
    """POST /in/{key}/form: kept once, however often it comes; thanks, the stored page after it, or JSON."""
    hub, (channel, line) = hub_of(request), await _line(request)
    with speaking(_language(request)):
        _from_site(request, line)
        await hub.limits.check(f"form:{peer_of(request)}", most=AN_ADDRESS, seconds=AN_ADDRESS_SECONDS)
        if request.content_type.startswith("multipart/"):  # every other body was read, within bounds, before
            request = uploads.limited(request)
        form = await form_of(request, FilledForm)
        try:
            await _keep(request, channel, line, form)
        except HubError as error:
            if wants_json(request):
                raise
            typed = {name: getattr(form, name) for name in NAMES}
            page = _page(hub, channel, line, page=form.page, typed=typed, error=error.message)
            return _html(request, channel, line, page, status=error.status)
        if wants_json(request):
            return _json(request, line, {"stored": True})
        if after := settings.thanks(line):
            raise web.HTTPSeeOther(after)
        return _html(request, channel, line, _page(hub, channel, line, done=True))


ROUTES: list[RouteDef] = [
    get(r"/in/{key:[\w-]{10,60}}/form", show),
    post(r"/in/{key:[\w-]{10,60}}/form", fill),
]


def new_token(hub: Hub, channel: Channel) -> str:
    """Good for a day and this line: the moment it was made, and chance."""
    return hub.crypto.sign(f"form:{channel.id}", int(now().timestamp()) << 30 | secrets.randbits(30))


def _age(hub: Hub, channel: Channel, token: str) -> int:
    """Seconds since a token was made. Raises BadInput for a made-up or an old one."""
    number = hub.crypto.verify(f"form:{channel.id}", token)
    age = -1 if number is None else int(now().timestamp()) - (number >> 30)
    if not -5 <= age <= DAY or number is None:
        raise BadInput(_("This page is too old: open it again and repeat what you did."), field="token")
    return age


async def _keep(request: web.Request, channel: Channel, line: Line, form: FilledForm) -> None:
    """Through the road in. Raises BadInput, TooMany, Unavailable."""
    hub, speaks = hub_of(request), adapter(channel.kind)
    age = _age(hub, channel, form.token)
    files = await uploads.files_of(await posted(request))
    for name, needed in settings.fields(line).items():
        if needed and not getattr(form, name).strip() and not (name == "text" and files):
            raise BadInput(_("%(name)s is missing.", name=_(NAMES[name])), field=name)
    if len(form.text) > settings.LONGEST_TEXT:
        raise BadInput(_("This is too long."), field="text")
    filled = {name: getattr(form, name) for name in NAMES} | {"files": files}
    filled["page"] = page_of(line, form.page)
    filled["trap"] = bool(form.company_fax.strip()) or age < QUICKEST
    body = msgspec.json.encode(filled)
    said = hashlib.sha256(form.token.encode() + msgspec.json.encode(filled | {"trap": False})).hexdigest()
    raw = Raw(body=body, envelope={"id": said[:40]})
    facts = speaks.parse(raw, line)
    if any(isinstance(one, Unreadable) for one in facts):
        raise BadInput(_("Write something first."), field="text")
    for bound in speaks.bounds(facts):
        await hub.limits.check(f"in:{channel.id}:{bound.name}", most=bound.most, seconds=bound.seconds)
    await inbound_of(request).receive(channel, raw, facts)


async def _line(request: web.Request) -> tuple[Channel, Line]:
    """The form line of the address. Raises NotFound for another kind's key, too."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await connections.by_key(tx, request.match_info["key"])
    if channel is None or not adapter(channel.kind).can.form:
        raise NotFound(_("There is no such channel."))
    return channel, channel.line(hub.crypto)


def _from_site(request: web.Request, line: Line) -> None:
    """A browser says that our own frame, or a page of the line's sites, sent this. Raises Forbidden."""
    origin = request.headers.get("Origin", "")
    if not origin or not (from_here(request) or page_of(line, origin)):
        raise Forbidden(_("This did not come from one of our pages."))


def _shown_on(request: web.Request, line: Line) -> str:
    return page_of(line, request.headers.get("Referer", ""))


def _language(request: web.Request) -> str:
    wanted = request.query.get("lang", "")
    return wanted if wanted in LANGUAGES else best_language(request.headers.get("Accept-Language", ""))


def _action(hub: Hub, channel: Channel) -> str:
    return f"{hub.settings.base_url}/in/{channel.key}/form"


def _page(hub: Hub, channel: Channel, line: Line, **more: Any) -> FormPage:
    asked = settings.fields(line)
    return FormPage(
        title=settings.title(line),
        action=f"/in/{channel.key}/form",
        token=new_token(hub, channel),
        trap=TRAP,
        fields=[(name, _(NAMES[name]), needed) for name, needed in asked.items()],
        **more,
    )


def _html(
    request: web.Request, channel: Channel, line: Line, page: FormPage, *, status: int = 200
) -> web.Response:
    """Nothing but our own style; framed by the line's sites, posting to us, going on to the stored page."""
    after = urlsplit(settings.thanks(line))
    goes = f"'self' {after.scheme}://{after.netloc}" if after.netloc else "'self'"
    framed = " ".join(settings.sites(line)) or "'self'"
    text = render.page("form/page.html", page, Scope(language=_language(request)))
    answer = web.Response(text=text, content_type="text/html", status=status)
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {goes}; base-uri 'none'; frame-ancestors {framed}"
    )
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _json(request: web.Request, line: Line, told: dict[str, Any]) -> web.Response:
    origin = request.headers.get("Origin", "")
    headers = {"Vary": "Origin"}
    if page_of(line, origin):
        headers |= {"Access-Control-Allow-Origin": origin, "Cross-Origin-Resource-Policy": "cross-origin"}
    return web.Response(body=msgspec.json.encode(told), content_type="application/json", headers=headers)
