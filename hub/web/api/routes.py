"""The API's route table: every endpoint, and its own description."""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.web import RouteDef, get, route

from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.api import absences, accounts, contacts, conversations, house, messages, rules
from hub.web.api.door import serve
from hub.web.api.endpoints import Endpoint
from hub.web.api.openapi import document

ENDPOINTS: tuple[Endpoint, ...] = (
    *conversations.ENDPOINTS,
    *messages.ENDPOINTS,
    *contacts.ENDPOINTS,
    *accounts.ENDPOINTS,
    *house.ENDPOINTS,
    *rules.ENDPOINTS,
    *absences.ENDPOINTS,
)


async def openapi(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json; no token needed: it says nothing about the company."""
    return web.Response(body=document(ENDPOINTS), content_type="application/json")


async def unknown(request: web.Request) -> web.StreamResponse:
    """Anything else below /api. Raises NotFound."""
    raise NotFound(_("There is no such address in the API; see /api/v1/openapi.json."))


ROUTES: list[RouteDef] = [
    get("/api/v1/openapi.json", openapi),
    *(
        route(one.method, "/api/v1" + re.sub(r"{(\w+)}", r"{\1:\\d{1,18}}", one.path), serve(one))
        for one in ENDPOINTS
    ),
    route("*", "/api/{rest:.*}", unknown),
]
