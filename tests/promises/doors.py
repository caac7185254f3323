"""Every route of the web door, classified: who may come in, and what it is about (promise 59).

A route that stands in no class fails the test: whoever adds a door says here who may use it.
"""

from __future__ import annotations

from aiohttp.web import RouteDef

OPEN = {
    "GET /",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /static/{build}/{path:.+}",
    "GET /login",
    "POST /login",
    "POST /logout",
    "GET /first-run",
    "POST /first-run",
    "GET /invitation/{token}",
    "POST /invitation/{token}",
    "GET /ws",
    "GET /static/chat.js",
    "GET /widget/ws",
    r"GET /widget/{key:[\w-]{10,60}}",
    r"POST /widget/{key:[\w-]{10,60}}/open",
    r"POST /widget/{key:[\w-]{10,60}}/email",
    r"POST /widget/{key:[\w-]{10,60}}/messages",
    r"POST /widget/{key:[\w-]{10,60}}/seen",
    r"POST /widget/{key:[\w-]{10,60}}/typing",
    r"POST /widget/{key:[\w-]{10,60}}/poll",
    r"GET /widget/{key:[\w-]{10,60}}/files/{token:[\w-]{10,60}}",
    r"GET /in/{key:[\w-]{10,60}}/form",
    r"POST /in/{key:[\w-]{10,60}}/form",
    r"POST /in/{key:[\w-]{10,60}}",
    r"POST /in/{key:[\w-]{10,60}}/{rest:.{0,200}}",
    r"GET /in/{key:[\w-]{10,60}}/media/{token:[a-z0-9]{20,60}}",
    "* /api/{rest:.*}",
    "GET /v/{token:[a-z2-7]{20,40}}",
    r"GET /v/{token:[a-z2-7]{20,40}}/{file:[\w-]{10,60}}",
    "GET /u/{token:[a-z2-7]{20,60}}",
    "POST /u/{token:[a-z2-7]{20,60}}",
    "GET /l/{token:[a-z2-7]{20,60}}",
    "GET /o/{token:[a-z2-7]{20,60}}.gif",
    "GET /api/v1/openapi.json",
}
"""Nobody needs to be signed in; what they show or do depends on a secret, or is nobody's. `/ws` closes with 4401."""

EVERYBODY = {
    "GET /me",
    "POST /me/preferences",
    "POST /me/password",
    "POST /me/presence",
    "GET /absences",
    "POST /absences",
    r"POST /absences/{id:\d{1,18}}/cancel",
    "GET /inbox",
    "GET /palette",
    "GET /tags",
    "GET /inbox/{view}",
    "POST /files",
    "GET /search",
    "GET /{what:accounts|contacts|products|purchases|payments}/import",
    "POST /{what:accounts|contacts|products|purchases|payments}/import",
    "GET /accounts",
    "POST /accounts",
    r"GET /accounts/{id:\d{1,18}}",
    r"POST /accounts/{id:\d{1,18}}",
    r"POST /accounts/{id:\d{1,18}}/domains",
    r"POST /accounts/{id:\d{1,18}}/domains/remove",
    "GET /contacts",
    "GET /desk",
    "POST /desk",
    r"GET /contacts/{id:\d{1,18}}",
    r"POST /contacts/{id:\d{1,18}}",
    r"POST /contacts/{id:\d{1,18}}/addresses",
    r"POST /contacts/{id:\d{1,18}}/consents",
    r"POST /contacts/{id:\d{1,18}}/merge",
    "GET /merges",
    r"POST /merges/{id:\d{1,18}}/undo",
    r"POST /api/v1/contacts/{id:\d{1,18}}/merge",
    r"DELETE /api/v1/contacts/{id:\d{1,18}}/merge",
    "GET /unanswered",
    "GET /calls",
    "GET /saved-texts",
    "POST /saved-texts",
    "GET /saved-texts/new",
    "POST /saved-texts/preview",
    r"GET /saved-texts/{id:\d{1,18}}",
    r"POST /saved-texts/{id:\d{1,18}}",
    r"POST /saved-texts/{id:\d{1,18}}/use",
    "GET /api/v1/saved_texts",
    r"GET /api/v1/saved_texts/{id:\d{1,18}}",
    "POST /api/v1/saved_texts",
    r"PATCH /api/v1/saved_texts/{id:\d{1,18}}",
    "GET /api/v1/conversations",
    "POST /api/v1/files",
    "GET /api/v1/deliveries",
    r"GET /api/v1/deliveries/{id:\d{1,18}}",
    r"POST /api/v1/deliveries/{id:\d{1,18}}/resend",
    "GET /api/v1/addresses",
    r"GET /api/v1/addresses/{id:\d{1,18}}",
    r"PATCH /api/v1/addresses/{id:\d{1,18}}",
    "GET /api/v1/claims",
    r"POST /api/v1/claims/{id:\d{1,18}}/confirm",
    "GET /api/v1/contacts",
    r"GET /api/v1/contacts/{id:\d{1,18}}",
    "POST /api/v1/contacts",
    r"PATCH /api/v1/contacts/{id:\d{1,18}}",
    r"POST /api/v1/contacts/{id:\d{1,18}}/addresses",
    "GET /api/v1/accounts",
    r"GET /api/v1/accounts/{id:\d{1,18}}",
    "POST /api/v1/accounts",
    r"PATCH /api/v1/accounts/{id:\d{1,18}}",
    "GET /api/v1/products",
    r"GET /api/v1/products/{id:\d{1,18}}",
    "POST /api/v1/products",
    r"PATCH /api/v1/products/{id:\d{1,18}}",
    "GET /api/v1/purchases",
    r"GET /api/v1/purchases/{id:\d{1,18}}",
    "POST /api/v1/purchases",
    r"PATCH /api/v1/purchases/{id:\d{1,18}}",
    "GET /api/v1/payments",
    r"GET /api/v1/payments/{id:\d{1,18}}",
    "POST /api/v1/payments",
    r"PATCH /api/v1/payments/{id:\d{1,18}}",
    "GET /api/v1/calls",
    r"GET /api/v1/calls/{id:\d{1,18}}",
    "POST /api/v1/calls",
    "GET /api/v1/absences",
    "POST /api/v1/absences",
    r"POST /api/v1/absences/{id:\d{1,18}}/cancel",
    "GET /api/v1/rules",
    r"GET /api/v1/rules/{id:\d{1,18}}",
    "GET /api/v1/agents",
    r"GET /api/v1/agents/{id:\d{1,18}}",
    "GET /api/v1/teams",
    "GET /api/v1/channels",
    "GET /api/v1/approved_texts",
    r"GET /api/v1/channels/{id:\d{1,18}}",
}
"""Whoever is signed in; lists show only what `may_see` grants, which the test looks for in each of them."""

ADMINS = {
    "GET /admin",
    r"POST /admin/parked/{id:\d{1,18}}/again",
    "GET /admin/agents",
    "POST /admin/agents",
    r"GET /admin/agents/{id:\d{1,18}}",
    r"POST /admin/agents/{id:\d{1,18}}",
    r"POST /admin/agents/{id:\d{1,18}}/invite",
    r"POST /admin/agents/{id:\d{1,18}}/deactivate",
    r"POST /admin/agents/{id:\d{1,18}}/reactivate",
    "GET /admin/teams",
    "POST /admin/teams",
    r"GET /admin/teams/{id:\d{1,18}}",
    r"POST /admin/teams/{id:\d{1,18}}",
    "GET /admin/tokens",
    "POST /admin/tokens",
    r"POST /admin/tokens/{id:\d{1,18}}/revoke",
    "GET /admin/channels",
    "GET /admin/channels/new",
    "GET /admin/channels/oauth",
    "GET /admin/channels/new/{kind:[a-z]{1,30}}",
    "POST /admin/channels/new/{kind:[a-z]{1,30}}",
    r"GET /admin/channels/{id:\d{1,18}}",
    r"POST /admin/channels/{id:\d{1,18}}",
    r"GET /admin/channels/{id:\d{1,18}}/steps",
    r"POST /admin/channels/{id:\d{1,18}}/enabled",
    r"POST /admin/channels/{id:\d{1,18}}/test",
    r"POST /admin/channels/{id:\d{1,18}}/trial",
    r"POST /admin/channels/{id:\d{1,18}}/sign-in",
    r"POST /admin/channels/{id:\d{1,18}}/hooks",
    r"GET /admin/channels/{id:\d{1,18}}/texts",
    r"POST /admin/channels/{id:\d{1,18}}/texts",
    r"POST /admin/channels/{id:\d{1,18}}/texts/take-over",
    r"POST /admin/channels/{id:\d{1,18}}/texts/{text:\d{1,18}}",
    r"GET /admin/channels/{id:\d{1,18}}/patterns",
    r"POST /admin/channels/{id:\d{1,18}}/patterns",
    r"POST /admin/channels/{id:\d{1,18}}/patterns/remove",
    "POST /api/v1/approved_texts",
    "POST /api/v1/channels",
    r"PATCH /api/v1/channels/{id:\d{1,18}}",
    r"POST /api/v1/channels/{id:\d{1,18}}/test",
    r"PATCH /api/v1/approved_texts/{id:\d{1,18}}",
}
"""Administrators only: 403 for everybody else."""

LEADS = {
    "GET /quarantine",
    r"POST /quarantine/{id:\d{1,18}}/retry",
    r"GET /quarantine/{id:\d{1,18}}/raw",
    "GET /api/v1/arrivals",
    r"GET /api/v1/arrivals/{id:\d{1,18}}",
    r"GET /api/v1/arrivals/{id:\d{1,18}}/raw",
    r"POST /api/v1/arrivals/{id:\d{1,18}}/retry",
    "POST /api/v1/rules",
    "POST /api/v1/rules/check",
    "POST /api/v1/rules/replay",
}
"""Leads and administrators: what came may be anybody's."""

MARKETERS = {
    "GET /segments",
    "POST /segments",
    "GET /segments/new",
    "POST /segments/count",
    r"GET /segments/{id:\d{1,18}}",
    r"POST /segments/{id:\d{1,18}}",
    r"GET /segments/{id:\d{1,18}}/reach",
    "GET /api/v1/segments",
    r"GET /api/v1/segments/{id:\d{1,18}}",
    r"GET /api/v1/segments/{id:\d{1,18}}/audience",
    "POST /api/v1/segments/count",
    "POST /api/v1/segments",
    r"PATCH /api/v1/segments/{id:\d{1,18}}",
    "GET /api/v1/campaigns",
    "POST /api/v1/campaigns",
    r"GET /api/v1/campaigns/{id:\d{1,18}}",
    r"PATCH /api/v1/campaigns/{id:\d{1,18}}",
    r"GET /api/v1/campaigns/{id:\d{1,18}}/steps",
    r"POST /api/v1/campaigns/{id:\d{1,18}}/steps",
    r"DELETE /api/v1/campaigns/{id:\d{1,18}}/steps",
    r"POST /api/v1/campaigns/{id:\d{1,18}}/texts",
    r"GET /api/v1/campaigns/{id:\d{1,18}}/progress",
    r"GET /api/v1/campaigns/{id:\d{1,18}}/report",
    r"GET /api/v1/campaigns/{id:\d{1,18}}/recipients",
}
"""Marketers, leads and administrators: whom campaigns reach."""


def names(table: list[RouteDef]) -> list[str]:
    """`METHOD /path` of every route."""
    return [f"{route.method} {route.path}" for route in table]


def by_conversation(name: str) -> bool:
    """Whether a route is about one conversation, one of its messages or files: 404 for who may not see it."""
    path = name.partition(" ")[2]
    starts = ("/c/{id}", "/inbox/{view}/c/{id}", "/m/{id}", "/files/{token}", "/api/v1/conversations/{id")
    return path.startswith(starts)


def classes(name: str) -> list[str]:
    """The classes a route stands in; exactly one is right."""
    found = [
        word
        for word, known in (
            ("open", OPEN),
            ("everybody", EVERYBODY),
            ("admins", ADMINS),
            ("leads", LEADS),
            ("marketers", MARKETERS),
        )
        if name in known
    ]
    return [*found, "conversation"] if by_conversation(name) else found
