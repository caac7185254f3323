"""GET /in/{key}/media/{token}: a file of ours for the provider that carries it to the recipient, for a week."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.channels import connections
from hub.conversations import lending
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.files.serving import FIRST_BYTES, HEADERS, disposition, type_of
from hub.web.requests import hub_of


async def lend(request: web.Request) -> web.StreamResponse:
    """Whoever has the link has the file: it was made for one provider and cannot be guessed. Raises NotFound."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await connections.by_key(tx, request.match_info["key"])
        token = request.match_info["token"]
        stored = await lending.lent(tx, hub.crypto, channel.id, token) if channel else None
    if stored is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    path = hub.files.path(stored.file)
    with path.open("rb") as opened:
        type_ = type_of(opened.read(FIRST_BYTES), stored)
    told = {"Content-Type": type_, "Content-Disposition": disposition(stored.name, inline=True)}
    return web.FileResponse(path, headers=HEADERS | told)


ROUTES: list[RouteDef] = [get(r"/in/{key:[\w-]{10,60}}/media/{token:[a-z0-9]{20,60}}", lend)]
