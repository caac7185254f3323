"""The first page of a new installation: it makes the first admin, and exists only until there is one."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import passwords, people, sessions
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.agents.login import signed_in
from hub.web.forms import form_of
from hub.web.requests import hub_of, peer_of
from hub.web.shell import bare_page, language_of
from hub.web.views import FirstRunPage


class FirstRunForm(msgspec.Struct):
    """POST /first-run."""

    company: str = ""
    name: str = ""
    email: str = ""
    password: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /first-run: 404 once there is an admin."""
    await _only_while_empty(request)
    return bare_page(request, "first_run.html", FirstRunPage())


async def post(request: web.Request) -> web.StreamResponse:
    """POST /first-run: of two who try at once, one becomes admin. Raises NotFound, Conflict."""
    await _only_while_empty(request)
    await sessions.check_peer(hub_of(request), peer_of(request))
    form = await form_of(request, FirstRunForm)
    try:
        opened = await _make(request, form)
    except BadInput as error:
        told = FirstRunPage(
            company=form.company, name=form.name, email=form.email, errors={error.field: error.message}
        )
        return bare_page(request, "first_run.html", told, status=422)
    return signed_in(request, opened, "/")


async def _make(request: web.Request, form: FirstRunForm) -> sessions.Opened:
    email = people.checked_email(form.email)
    people.checked_name(form.name)
    passwords.check(form.password, email=email)
    hashed = await passwords.hashed(form.password)
    async with hub_of(request).transaction() as tx:
        admin = await people.add_first_admin(
            tx, name=form.name, email=email, password_hash=hashed, language=language_of(request)
        )
        return await sessions.begin(tx, admin.id, peer=peer_of(request))


async def _only_while_empty(request: web.Request) -> None:
    async with hub_of(request).transaction() as tx:
        if await people.there_is_an_admin(tx):
            raise NotFound(_("There is nothing here, or you may not see it."))
