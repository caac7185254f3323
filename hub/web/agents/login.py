"""Signing in and out: the form, the demo's one-click buttons, the cookie."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import people, sessions
from hub.agents.roles import ROLES
from hub.plumbing.db import Tx
from hub.plumbing.errors import Forbidden, SignInNeeded, TooMany
from hub.plumbing.texts import _
from hub.web.forms import form_of
from hub.web.middleware import cookie_name
from hub.web.requests import PERSON, hub_of, local_path, peer_of
from hub.web.shell import bare_page
from hub.web.views import DemoRole, LoginPage


class LoginForm(msgspec.Struct):
    """POST /login. `demo`: the role of a demo button, instead of address and password."""

    email: str = ""
    password: str = ""
    next: str = ""
    demo: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /login."""
    if request.get(PERSON):
        raise web.HTTPSeeOther(local_path(request.query.get("next", "")))
    async with hub_of(request).transaction() as tx:
        if not await people.there_is_an_admin(tx):
            raise web.HTTPSeeOther("/first-run")
    return await _page(request, LoginForm(next=request.query.get("next", "")))


async def post(request: web.Request) -> web.StreamResponse:
    """POST /login: a fresh session, and on to where they wanted to go on this site."""
    form = await form_of(request, LoginForm)
    try:
        opened = await (_as_demo(request, form) if form.demo else _by_password(request, form))
    except (SignInNeeded, TooMany) as error:
        answer = await _page(request, form, error=error.message, status=error.status)
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return signed_in(request, opened, local_path(form.next))


async def logout(request: web.Request) -> web.StreamResponse:
    """POST /logout: the session is gone, here and in every open page."""
    secret = request.cookies.get(cookie_name(request), "")
    async with hub_of(request).transaction() as tx:
        await sessions.end(tx, secret)
    answer = web.Response(status=303, headers={"Location": "/login", "Clear-Site-Data": '"storage"'})
    answer.del_cookie(cookie_name(request), path="/")
    return answer


def signed_in(request: web.Request, opened: sessions.Opened, path: str) -> web.Response:
    """Go to `path` with the session's cookie: unreadable for scripts, not sent along by other sites' forms."""
    answer = web.Response(status=303, headers={"Location": path})
    answer.set_cookie(
        cookie_name(request),
        opened.token,
        max_age=sessions.LIFE_DAYS * 86_400,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=hub_of(request).settings.base_url.startswith("https:"),
    )
    return answer


async def _by_password(request: web.Request, form: LoginForm) -> sessions.Opened:
    return await sessions.sign_in(
        hub_of(request),
        form.email,
        form.password,
        peer=peer_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        old=request.cookies.get(cookie_name(request), ""),
    )


async def _as_demo(request: web.Request, form: LoginForm) -> sessions.Opened:
    """Only where the setting *and* the database say that this is a demo: no button opens a real company."""
    hub = hub_of(request)
    await sessions.check_peer(hub, peer_of(request))
    async with hub.transaction() as tx:
        if not await _is_demo(tx, hub.settings.demo):
            raise Forbidden(_("This is not a demo."))
        who = next((one for one in await people.every(tx) if one.role == form.demo), None)
        if who is None:
            raise SignInNeeded(_("The demo has nobody of this role."))
        return await sessions.begin(
            tx,
            who.id,
            peer=peer_of(request),
            user_agent=request.headers.get("User-Agent", ""),
            old=request.cookies.get(cookie_name(request), ""),
        )


async def _page(request: web.Request, form: LoginForm, *, error: str = "", status: int = 200) -> web.Response:
    hub = hub_of(request)
    async with hub.transaction() as tx:
        roles = await _demo_roles(tx) if await _is_demo(tx, hub.settings.demo) else []
    told = LoginPage(email=form.email[:254], error=error, next=local_path(form.next, ""), demo_roles=roles)
    return bare_page(request, "login.html", told, status=status)


async def _is_demo(tx: Tx, setting: bool) -> bool:
    return setting and bool(await tx.value("SELECT is_demo FROM installation"))


async def _demo_roles(tx: Tx) -> list[DemoRole]:
    what = {
        "agent": _("Agent: answers customers"),
        "lead": _("Lead: sees what is late"),
        "marketer": _("Marketer: writes to many, one by one"),
        "admin": _("Administrator: sets things up"),
    }
    known = await people.every(tx)
    first = {role: next((one for one in known if one.role == role), None) for role in ROLES}
    return [DemoRole(role=role, name=one.name, what=what[role]) for role, one in first.items() if one]
