"""Coming in by an invitation or a reset link: choose a password, once."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import invitations, passwords, sessions
from hub.plumbing.errors import BadInput
from hub.web.agents.login import signed_in
from hub.web.agents.views import InvitationPage
from hub.web.forms import form_of
from hub.web.requests import hub_of, peer_of
from hub.web.shell import bare_page


class InvitationForm(msgspec.Struct):
    """POST /invitation/{token}."""

    password: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /invitation/{token}: looking uses nothing up, a mail scanner may follow the link."""
    return await _page(request)


async def post(request: web.Request) -> web.StreamResponse:
    """POST /invitation/{token}: the password is set, the link is used up, they are signed in."""
    hub = hub_of(request)
    await sessions.check_peer(hub, peer_of(request))
    form = await form_of(request, InvitationForm)
    secret = request.match_info["token"]
    async with hub.transaction() as tx:
        invited = await invitations.look(tx, secret)
    try:
        passwords.check(form.password, email=invited.email)
    except BadInput as error:
        return await _page(request, error.message)
    hashed = await passwords.hashed(form.password)
    async with hub.transaction() as tx:
        invited = await invitations.accept(tx, secret, hashed)
        opened = await sessions.begin(
            tx, invited.agent_id, peer=peer_of(request), user_agent=request.headers.get("User-Agent", "")
        )
    return signed_in(request, opened, "/")


async def _page(request: web.Request, error: str = "") -> web.Response:
    async with hub_of(request).transaction() as tx:
        invited = await invitations.look(tx, request.match_info["token"])
    told = InvitationPage(name=invited.name, email=invited.email, error=error)
    answer = bare_page(request, "agents/invitation.html", told, status=422 if error else 200)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
