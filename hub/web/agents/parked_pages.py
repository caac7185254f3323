"""Having something tried again that was given up after many tries."""

from __future__ import annotations

from aiohttp import web

from hub.agents.roles import must
from hub.plumbing import parked
from hub.web.requests import hub_of, id_of, person_of


async def try_again(request: web.Request) -> web.StreamResponse:
    """POST /admin/parked/{id}/again."""
    must(person_of(request), "manage_agents")
    async with hub_of(request).transaction() as tx:
        await parked.try_again(tx, id_of(request))
    raise web.HTTPSeeOther("/admin#parked")
