"""Settings: API tokens, made and revoked; their text is shown once."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import people, tokens
from hub.agents.roles import must
from hub.plumbing.errors import BadInput, NotFound
from hub.web import shell
from hub.web.agents.views import TokensPage
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of


class TokenForm(msgspec.Struct):
    """POST /admin/tokens."""

    name: str = ""
    agent: int = 0


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /admin/tokens."""
    must(person_of(request), "manage_tokens")
    return await _tokens(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /admin/tokens: the answer is the only place its text ever stands."""
    me = person_of(request)
    must(me, "manage_tokens")
    form = await form_of(request, TokenForm)
    try:
        async with hub_of(request).transaction() as tx:
            secret = await tokens.create(tx, form.agent or me.id, form.name, by=me.id)
    except (BadInput, NotFound) as error:
        return await _tokens(request, errors={error.field or "agent": error.message})
    return await _tokens(request, secret=secret)


async def revoke(request: web.Request) -> web.StreamResponse:
    """POST /admin/tokens/{id}/revoke."""
    me = person_of(request)
    must(me, "manage_tokens")
    async with hub_of(request).transaction() as tx:
        await tokens.revoke(tx, id_of(request), by=me.id)
    raise web.HTTPSeeOther("/admin/tokens")


async def _tokens(
    request: web.Request, *, secret: str = "", errors: dict[str, str] | None = None
) -> web.Response:
    async with hub_of(request).transaction() as tx:
        told = TokensPage(
            tokens=await tokens.every(tx),
            choices=[(one.id, one.name) for one in await people.every(tx)],
            secret=secret,
            errors=errors or {},
        )
    status = 422 if errors else 200
    return await shell.page(request, "agents/tokens.html", told, current="admin", status=status)
