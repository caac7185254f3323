"""What a person sets for themselves: preferences, password, here or away."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import passwords, people, preferences, presence, sessions
from hub.plumbing.errors import BadInput
from hub.web import shell
from hub.web.agents.login import signed_in
from hub.web.agents.views import MePage
from hub.web.forms import form_of
from hub.web.requests import came_from, hub_of, local_path, peer_of, person_of, wants_json


class PreferencesForm(msgspec.Struct):
    """POST /me/preferences: only what is given changes."""

    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    theme: str | None = None
    density: str | None = None
    shortcuts: str | None = None
    undo_seconds: str | None = None
    signature: str | None = None
    phone: str | None = None
    next: str = ""


class PasswordForm(msgspec.Struct):
    """POST /me/password."""

    current: str = ""
    password: str = ""


class PresenceForm(msgspec.Struct):
    """POST /me/presence."""

    here: bool = False


async def show(request: web.Request) -> web.StreamResponse:
    """GET /me."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /me/preferences: back to the page it was changed on."""
    person = person_of(request)
    form = await form_of(request, PreferencesForm)
    wanted = {key: value for key, value in msgspec.structs.asdict(form).items() if value is not None}
    try:
        async with hub_of(request).transaction() as tx:
            await preferences.change(tx, person.id, wanted)
    except BadInput as error:
        if wants_json(request):
            raise
        return await _page(request, {error.field: error.message})
    if wants_json(request):
        return web.json_response({"ok": True})
    raise web.HTTPSeeOther(local_path(form.next, "/me"))


async def change_password(request: web.Request) -> web.StreamResponse:
    """POST /me/password: every session ends but a fresh one for this browser."""
    hub, person = hub_of(request), person_of(request)
    form = await form_of(request, PasswordForm)
    try:
        await sessions.confirm(hub, person.id, form.current)
        passwords.check(form.password, email=person.email)
    except BadInput as error:
        return await _page(request, {error.field: error.message})
    hashed = await passwords.hashed(form.password)
    async with hub.transaction() as tx:
        await people.set_password(tx, person.id, hashed, by=person.id)
        opened = await sessions.begin(
            tx, person.id, peer=peer_of(request), user_agent=request.headers.get("User-Agent", "")
        )
    return signed_in(request, opened, "/me")


async def change_presence(request: web.Request) -> web.StreamResponse:
    """POST /me/presence: whether calls and chats may ring."""
    person = person_of(request)
    form = await form_of(request, PresenceForm)
    async with hub_of(request).transaction() as tx:
        await presence.set_available(tx, person.id, form.here)
    if wants_json(request):
        return web.json_response({"here": form.here})
    raise web.HTTPSeeOther(came_from(request))


async def _page(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        mine = await preferences.load(tx, person.id)
    told = MePage(mine=mine, email=person.email, errors=errors or {})
    return await shell.page(request, "agents/me.html", told, current="me", status=422 if errors else 200)
