"""The route table: every address of the web door, room by room."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.web import assets, health, live, providers
from hub.web.agents import routes as agents
from hub.web.api import routes as api
from hub.web.calls import routes as calls
from hub.web.campaigns import routes as campaigns
from hub.web.channels import routes as channels
from hub.web.chat import routes as chat
from hub.web.customers import routes as customers
from hub.web.desk import pages as desk
from hub.web.fax import pages as fax
from hub.web.files import lending
from hub.web.files import routes as files
from hub.web.form import pages as form
from hub.web.inbox import routes as inbox
from hub.web.interests import pages as interests
from hub.web.linked import pages as linked
from hub.web.notices import pages as notices
from hub.web.portal import links, preferences
from hub.web.quarantine import pages as quarantine
from hub.web.requests import PERSON
from hub.web.saved_texts import pages as saved_texts
from hub.web.search import routes as search
from hub.web.segments import list_pages as lists
from hub.web.segments import pages as segments
from hub.web.senders import pages as senders
from hub.web.unanswered import pages as unanswered


async def home(request: web.Request) -> web.StreamResponse:
    """GET /: to one's own inbox."""
    raise web.HTTPSeeOther("/inbox/mine" if request.get(PERSON) else "/login")


HOUSE: list[RouteDef] = [
    get("/", home),
    get("/healthz", health.healthz),
    get("/readyz", health.readyz),
    get("/metrics", health.metrics),
    get("/ws", live.serve),
    get("/static/{build}/{path:.+}", assets.serve),
]

OPEN: list[RouteDef] = [
    *HOUSE,
    *agents.OPEN,
    *api.ROUTES,
    *linked.ROUTES,
    *preferences.ROUTES,
    *links.ROUTES,
    *form.ROUTES,
    *providers.ROUTES,
    *lending.ROUTES,
    *chat.ROUTES,
]
"""Nobody needs to be signed in: what these do depends on a secret (the API on a token), or is nobody's."""

TABLE: list[RouteDef] = [
    *OPEN,
    *agents.ROUTES,
    *inbox.ROUTES,
    *calls.ROUTES,
    *files.ROUTES,
    *search.ROUTES,
    *customers.ROUTES,
    *saved_texts.ROUTES,
    *campaigns.ROUTES,
    *lists.ROUTES,
    *segments.ROUTES,
    *desk.ROUTES,
    *quarantine.ROUTES,
    *channels.ROUTES,
    *interests.ROUTES,
    *senders.ROUTES,
    *fax.ROUTES,
    *unanswered.ROUTES,
    *notices.ROUTES,
]
"""Each room lists its own in `hub/web/<room>/routes.py`; a route that is not here does not exist."""
