"""Around every request: its id and log line, the person, the guard against forged forms, the headers."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from hub.agents import sessions
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.errors import Forbidden, SignInNeeded
from hub.plumbing.ids import token
from hub.plumbing.texts import _, speaking
from hub.web import bodies, health
from hub.web.bodies import FOREIGN_DOORS
from hub.web.errors import answer_to
from hub.web.forms import posted, without_nul
from hub.web.requests import NUMBER, OPEN, PERSON, SESSION, from_here, hub_of, peer_of, session_of
from hub.web.shell import language_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)

OPEN_DOORS = ("/static/", "/healthz", "/readyz", "/metrics", "/in/", "/widget/", "/u/", "/l/", "/o/")
"""Where nobody's session is looked up."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; frame-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Cache-Control": "private, no-store",
}


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put our headers on every answer; a handler's own value stays (signal on_response_prepare)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "Dialogo"
    if hub_of(request).settings.base_url.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: name the request, time it, write its log line, word its errors."""
    began = monotonic()
    request[NUMBER] = token(6)
    with structlog.contextvars.bound_contextvars(request=request[NUMBER]):
        cleaned = _without_nul(request)
        try:
            response = await handler(cleaned)
        except Exception as error:
            response = answer_to(cleaned, error)
        _note(cleaned, response, monotonic() - began)
        return response


@web.middleware
async def recognise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Cookie → session → person, and their language for everything below."""
    secret = request.cookies.get(cookie_name(request), "")
    if secret and not request.path.startswith(OPEN_DOORS) and "Authorization" not in request.headers:
        async with hub_of(request).pool.acquire() as connection:
            session = await sessions.find(Tx(connection), secret)
        if session is not None:
            request[SESSION] = session
            request[PERSON] = session.person
    with speaking(language_of(request)):
        return await handler(request)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who is not signed in stops here, but for the open doors; what changes something comes from our pages.

    Bodies arrive in time and within limits.
    """
    if PERSON not in request and not _is_open(request):
        raise SignInNeeded(_("Sign in first."))
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return await handler(request)
    if not request.path.startswith(FOREIGN_DOORS) and not from_here(request):
        raise Forbidden(_("This did not come from one of our pages: open the page again and repeat it."))
    request = await bodies.received(request)
    await _check_csrf(request)
    return await handler(request)


MIDDLEWARE: list[Middleware] = [observe, recognise, guard]


def cookie_name(request: web.Request) -> str:
    """The session cookie's name; behind https its prefix forbids other hosts and plain http to set it."""
    secure = hub_of(request).settings.base_url.startswith("https:")
    return "__Host-hub" if secure else "hub"


async def _check_csrf(request: web.Request) -> None:
    session = session_of(request)
    if session is None:
        return
    given = request.headers.get("X-CSRF", "")
    if not given:
        given = str((await posted(request)).get("csrf", ""))
    if not hmac.compare_digest(given.encode(errors="replace"), session.csrf.encode()):
        raise Forbidden(_("This page is too old: open it again and repeat what you did."))


def _is_open(request: web.Request) -> bool:
    found = request.match_info
    return found.http_exception is not None or found.handler in request.app[OPEN]


def _without_nul(request: web.Request) -> web.Request:
    """The same request with no NUL in its query: PostgreSQL would refuse it (promise 26)."""
    if "%00" not in request.path_qs:
        return request
    clean = [(without_nul(key), without_nul(value)) for key, value in request.query.items()]
    return request.clone(rel_url=request.rel_url.with_query(clean))


def _note(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    """One line a request: the route, never the address as it came, for addresses hold secrets."""
    route = request.match_info.route.resource
    name = route.canonical if route is not None else "nothing"
    health.REQUESTS.labels(request.method, name, str(response.status)).inc()
    health.SECONDS.labels(name).observe(seconds)
    if request.path.startswith(OPEN_DOORS) and response.status < 400:
        return
    person = request.get(PERSON)
    log.info(
        "request",
        method=request.method,
        route=name,
        status=response.status,
        ms=round(seconds * 1000, 1),
        agent=person.id if person else None,
        peer=peer_of(request),
    )
