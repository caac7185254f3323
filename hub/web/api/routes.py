"""The API's route table: every endpoint, and its own description."""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.web import RouteDef, get, route

from hub.plumbing.errors import NotAllowed, NotFound
from hub.plumbing.texts import _
from hub.web.api import (
    absences,
    accounts,
    addresses,
    approved_texts,
    calls,
    campaign_comparison,
    campaign_numbers,
    campaign_people,
    campaign_policy,
    campaign_undelivered,
    campaign_unsettled,
    campaign_verbs,
    campaign_worst,
    campaigns,
    channel_provider,
    channels,
    contacts,
    conversations,
    deliveries,
    erasures,
    house,
    interests,
    lists,
    messages,
    payments,
    products,
    purchases,
    reaching,
    rules,
    saved_texts,
    segments,
    senders,
    starting,
)
from hub.web.api.door import serve
from hub.web.api.endpoints import Endpoint
from hub.web.api.openapi import document

ENDPOINTS: tuple[Endpoint, ...] = (
    *conversations.ENDPOINTS,
    *starting.ENDPOINTS,
    *reaching.ENDPOINTS,
    *messages.ENDPOINTS,
    *calls.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *contacts.ENDPOINTS,
    *erasures.ENDPOINTS,
    *addresses.ENDPOINTS,
    *accounts.ENDPOINTS,
    *products.ENDPOINTS,
    *purchases.ENDPOINTS,
    *payments.ENDPOINTS,
    *segments.ENDPOINTS,
    *lists.ENDPOINTS,
    *interests.ENDPOINTS,
    *senders.ENDPOINTS,
    *campaigns.ENDPOINTS,
    *campaign_verbs.ENDPOINTS,
    *campaign_people.ENDPOINTS,
    *campaign_worst.ENDPOINTS,
    *campaign_unsettled.ENDPOINTS,
    *campaign_policy.ENDPOINTS,
    *campaign_undelivered.ENDPOINTS,
    *campaign_numbers.ENDPOINTS,
    *campaign_comparison.ENDPOINTS,
    *house.ENDPOINTS,
    *channels.ENDPOINTS,
    *channel_provider.ENDPOINTS,
    *approved_texts.ENDPOINTS,
    *saved_texts.ENDPOINTS,
    *rules.ENDPOINTS,
    *absences.ENDPOINTS,
)


async def openapi(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json; no token needed: it says nothing about the company."""
    return web.Response(body=document(ENDPOINTS), content_type="application/json")


async def unknown(request: web.Request) -> web.StreamResponse:
    """Anything else below /api. Raises NotAllowed for a known address, else NotFound."""
    known = tuple(sorted({one.method for one in ENDPOINTS if re.fullmatch(_pattern(one), request.path)}))
    if known:
        methods = ", ".join(known)
        raise NotAllowed(_("Use one of: %(allowed)s.", allowed=methods), allowed=known)
    raise NotFound(_("There is no such address in the API; see /api/v1/openapi.json."))


def _pattern(one: Endpoint) -> str:
    return "/api/v1" + re.sub(r"{\w+}", r"\\d{1,18}", one.path)


ROUTES: list[RouteDef] = [
    get("/api/v1/openapi.json", openapi),
    *(
        route(one.method, "/api/v1" + re.sub(r"{(\w+)}", r"{\1:\\d{1,18}}", one.path), serve(one))
        for one in ENDPOINTS
    ),
    route("*", "/api/{rest:.*}", unknown),
]
