"""The frame around each page: who is looking, what they may go to, and the cursor live updates start from."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

import msgspec
import structlog
from aiohttp import web
from redis.exceptions import RedisError

from hub.agents import presence, teams
from hub.agents.roles import Person, may
from hub.channels import connections
from hub.channels.registry import adapter
from hub.conversations import call_bars
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import best_language
from hub.web import render
from hub.web.calls.bars import bars
from hub.web.counting import numbers
from hub.web.requests import PERSON, hub_of, person_of, session_of
from hub.web.views import Me, Named, Scope, Shell

log = structlog.get_logger(__name__)

CURSOR_SECONDS = 1.0
REST_SECONDS = 3.0
_no_cursor_until: WeakKeyDictionary[Hub, float] = WeakKeyDictionary()


async def page(
    request: web.Request,
    template: str,
    context: msgspec.Struct,
    *,
    current: str = "",
    cursor: str | None = None,
    status: int = 200,
) -> web.Response:
    """A whole page for whoever is signed in.

    `cursor`: from `live_cursor`, read before the page's first SELECT (INVARIANTS §8); None reads it here, for
    pages that show nothing live. Raises SignInNeeded.
    """
    person_of(request)
    cursor = await live_cursor(request) if cursor is None else cursor
    async with hub_of(request).transaction() as tx:
        shell = await shell_of(tx, request, current=current, cursor=cursor)
    return html(render.page(template, context, shell), status=status)


def bare_page(
    request: web.Request, template: str, context: msgspec.Struct, *, status: int = 200
) -> web.Response:
    """A page without the frame: signing in, first run, errors."""
    return html(render.page(template, context, scope_of(request)), status=status)


def html(text: str, *, status: int = 200) -> web.Response:
    """An HTML answer."""
    return web.Response(text=text, content_type="text/html", status=status)


async def live_cursor(request: web.Request) -> str:
    """Where the stream of signals ends now; "" while Redis is away: the page works, without live updates.

    A Redis that does not answer costs one page CURSOR_SECONDS, and the others nothing for a while.
    """
    hub = hub_of(request)
    if monotonic() < _no_cursor_until.get(hub, 0.0):
        return ""
    try:
        async with asyncio.timeout(CURSOR_SECONDS):
            return await hub.signals.cursor()
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("pages without live updates", error=repr(error)[:200])
        _no_cursor_until[hub] = monotonic() + REST_SECONDS
        return ""


async def shell_of(tx: Tx, request: web.Request, *, current: str = "", cursor: str = "") -> Shell:
    """The frame for the signed-in person. Raises SignInNeeded."""
    person, kinds = person_of(request), await connections.kinds(tx)
    return Shell(
        **msgspec.structs.asdict(scope_of(request)),
        me=me(person),
        current=current,
        counts=await numbers(tx, person.id),
        teams=[Named(id=team.id, name=team.name) for team in await teams.visible_to(tx, person)],
        topics=[f"agent:{person.id}"],
        cursor=cursor,
        here=await presence.is_available(tx, person.id),
        calls=await bars(tx, await call_bars.of_agent(tx, person.id)),
        can_call=any(adapter(kind).can.calls for kind in kinds),
        can_log=any(adapter(kind).can.logged for kind in kinds),
        markets=may(person, "run_campaigns"),
    )


def me(person: Person) -> Me:
    """The signed-in person as templates know them."""
    return Me(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        undo_seconds=person.undo_seconds,
        shortcuts=person.shortcuts,
    )


def scope_of(request: web.Request) -> Scope:
    """What a page without the frame needs: the person's choices, else what the browser prefers."""
    person = request.get(PERSON)
    if person is None:
        return Scope(
            language=language_of(request), demo=hub_of(request).settings.demo, address=request.path_qs
        )
    session = session_of(request)
    return Scope(
        language=person.language,
        theme=person.theme,
        density=person.density,
        time_zone=person.time_zone,
        csrf=session.csrf if session else "",
        demo=hub_of(request).settings.demo,
        address=request.path_qs,
    )


def language_of(request: web.Request) -> str:
    """The language to answer in: the person's, else the browser's first that we speak."""
    person = request.get(PERSON)
    return person.language if person else best_language(request.headers.get("Accept-Language", ""))
