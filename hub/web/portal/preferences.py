"""/u/{token}: what a person wants to hear from us, by the link in what we sent them; a GET changes nothing.

Scanners open every link of a mail, so only a POST acts (RFC 8058): `List-Unsubscribe=One-Click` from a mail
program, without cookies and answered without a redirect, or this page's own form. No limit ever stands before a no:
only wrong names are counted (strangers), and how often one says yes or chooses anew.
"""

from __future__ import annotations

from datetime import time

import msgspec
from aiohttp import web
from aiohttp.web import RouteDef, get, post

from hub.campaigns import tracking
from hub.customers import preferences, suppression
from hub.customers.contact_hours import DAYS, EVERY_DAY, LAST_MINUTE, Hours
from hub.customers.preferences import Chosen, Named, Preferences
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import LANGUAGES, N_, _, best_language, speaking
from hub.web import render
from hub.web.forms import form_of, posted
from hub.web.portal import strangers, told
from hub.web.requests import hub_of
from hub.web.views import Scope, View

AN_ADDRESS = 30
AN_ADDRESS_SECONDS = 3600
PRIVATE = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
WAYS = {"email": N_("Email"), "phone": N_("Telephone"), "whatsapp": "WhatsApp", "fax": "Fax"}


class ChoiceForm(msgspec.Struct):
    """POST /u/{token} from the page itself. `starts`, `ends`: hours of the day, 0 to 24."""

    do: str = ""
    way: list[str] = []
    interest: list[str] = []
    day: list[str] = []
    starts: str = "0"
    ends: str = "24"
    opens: bool = False


class Choice(View, frozen=True, kw_only=True):
    """A box to tick; `fixed`: it can only be read, and `note` says why."""

    value: int
    words: str
    ticked: bool
    fixed: bool = False
    note: str = ""


class PreferencesPage(View, frozen=True, kw_only=True):
    """GET /u/{token}; `address` is masked, "" when we no longer have it."""

    address: str = ""
    gets_nothing: bool = True
    ways: list[Choice] = msgspec.field(default_factory=list)
    interests: list[Choice] = msgspec.field(default_factory=list)
    days: list[Choice] = msgspec.field(default_factory=list)
    starts: int = 0
    ends: int = 24
    opens: bool = False
    may_open: bool = False
    done: str = ""
    error: str = ""


async def show(request: web.Request) -> web.Response:
    """GET /u/{token}. Raises NotFound for a link that is not ours."""
    named = await _named(request)
    async with hub_of(request).transaction() as tx:
        found = await preferences.load(tx, named.address_id)
    with speaking(_language(request, found)):
        return _page(request, found, done=_told(request, named, found))


async def act(request: web.Request) -> web.Response:
    """POST /u/{token}: one click, or the page's form. Raises NotFound, BadInput, TooMany."""
    named = await _named(request)
    if str((await posted(request)).get("List-Unsubscribe", "")).strip().lower() == "one-click":
        return await _one_click(request, named)
    form, hub = await form_of(request, ChoiceForm), hub_of(request)
    if form.do not in ("stop", "start", "save"):
        raise BadInput(_("Choose what to do."), field="do")
    if form.do != "stop":
        name = f"preferences:{named.address_id}"
        await hub.limits.check(name, most=AN_ADDRESS, seconds=AN_ADDRESS_SECONDS)
    async with hub.transaction() as tx:
        found = await preferences.load(tx, named.address_id)
    with speaking(_language(request, found)):
        try:
            async with hub.transaction() as tx:
                done = await _do(tx, named, form)
        except BadInput as error:
            return _page(request, found, error=error.message, status=error.status)
    query = f"done={told.mark(hub.crypto, named.address_id, done)}&lang={_language(request, found)}"
    raise web.HTTPSeeOther(f"{request.path}?{query}", headers=PRIVATE)


ROUTES: list[RouteDef] = [
    get(r"/u/{token:[a-z2-7]{20,60}}", show),
    post(r"/u/{token:[a-z2-7]{20,60}}", act),
]


async def _one_click(request: web.Request, named: Named) -> web.Response:
    """200 however often it comes, and also for whoever was erased since: their no is kept."""
    async with hub_of(request).transaction() as tx:
        stopped = await preferences.stop(
            tx, named.address_id, source="one_click", proof=await _proof(tx, named)
        )
        if not stopped:
            await suppression.refuse_forgotten(tx, named.address_id, "marketing")
    return web.Response(text=_(told.DONE["stopped"]), headers=PRIVATE)


async def _do(tx: Tx, named: Named, form: ChoiceForm) -> str:
    proof = await _proof(tx, named)
    if form.do == "stop":
        if await preferences.load(tx, named.address_id) is not None:
            await preferences.stop_all(tx, named.address_id, proof=proof)
        else:
            await suppression.refuse_forgotten(tx, named.address_id, "marketing")
        return "stopped"
    if form.do == "start":
        await preferences.start(tx, named.address_id, proof=proof)
        return "started"
    await preferences.save(tx, named.address_id, _chosen(form), proof=proof)
    return "saved"


def _chosen(form: ChoiceForm) -> Chosen:
    """Raises BadInput."""
    starts, ends = _whole(form.starts, "starts"), _whole(form.ends, "ends")
    days = tuple(sorted({_whole(one, "day") for one in form.day}))
    hours = None
    if (starts, ends, days) != (0, 24, EVERY_DAY):
        if starts > 23 or ends > 24:
            raise BadInput(_("The first hour must be before the last."), field="starts")
        hours = Hours(starts=time(starts), ends=time(ends) if ends < 24 else LAST_MINUTE, days=days)
    return Chosen(
        ways={_whole(one, "way") for one in form.way},
        interests={_whole(one, "interest") for one in form.interest},
        hours=hours,
        opens=form.opens,
    )


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadInput(_("Use a whole number."), field=field)
    return int(text)


async def _named(request: web.Request) -> Named:
    """Raises NotFound, TooMany."""
    named = preferences.read(hub_of(request).crypto, request.match_info["token"])
    if named is None:
        raise await strangers.turned_away(request)
    return named


def _told(request: web.Request, named: Named, found: Preferences | None) -> str:
    """What the press that led here did; nothing once it is no longer so, and nothing for a GET that only says so."""
    done = told.read(hub_of(request).crypto, named.address_id, request.query.get("done", ""))
    if done == "stopped" and found is not None and not found.gets_nothing:
        return ""
    return told.DONE.get(done, "")


async def _proof(tx: Tx, named: Named) -> str:
    """In which message the link stood, as far as we still know."""
    return await tracking.campaign_named(tx, named.recipient_id, named.address_id)


def _language(request: web.Request, found: Preferences | None) -> str:
    wanted = request.query.get("lang", "")
    known = found.language[:2].lower() if found else ""
    for one in (wanted, known):
        if one in LANGUAGES:
            return one
    return best_language(request.headers.get("Accept-Language", ""))


def _page(
    request: web.Request, found: Preferences | None, *, done: str = "", error: str = "", status: int = 200
) -> web.Response:
    page = PreferencesPage() if found is None else _drawn(found)
    page = msgspec.structs.replace(page, done=_(done) if done else "", error=error)
    scope = Scope(language=_language(request, found), address=request.path)
    text = render.page("portal/preferences.html", page, scope)
    return web.Response(text=text, content_type="text/html", status=status, headers=PRIVATE)


def _drawn(found: Preferences) -> PreferencesPage:
    hours = found.hours or Hours(starts=time(0), ends=LAST_MINUTE)
    return PreferencesPage(
        address=found.own.masked,
        gets_nothing=found.gets_nothing,
        ways=[
            Choice(
                value=one.address_id,
                words=f"{_(WAYS.get(one.type, N_('Other')))} {one.masked}",
                ticked=one.wanted,
                fixed=not one.own and not one.wanted,
                note=_way_note(one),
            )
            for one in found.ways
            if one.usual
        ],
        interests=[
            Choice(value=one.id, words=one.name, ticked=one.id not in found.refused)
            for one in found.interests
        ],
        days=[Choice(value=day, words=_(name), ticked=day in hours.days) for day, name in enumerate(DAYS)],
        starts=hours.starts.hour,
        ends=24 if hours.ends == LAST_MINUTE else hours.ends.hour,
        opens=found.own.opens,
        may_open="@" in found.own.value,
    )


def _way_note(one: preferences.Way) -> str:
    if one.blocked:
        return _("Nothing gets through here at the moment.")
    if not one.own and not one.wanted:
        return _("To start this again, use a link that we sent there, or write to us.")
    return ""
