"""The pretend app's own page, on an origin of its own: say something as its user, read what the hub answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from secrets import token_hex

import structlog
from aiohttp import web

from hub.lab.other_system import OtherSystem, Taken
from hub.operating import demo_lines
from hub.plumbing.hub import Hub
from hub.plumbing.texts import best_language, speaking
from hub.web import render
from hub.web.views import Scope, View

log = structlog.get_logger(__name__)


class SystemPage(View, frozen=True, kw_only=True):
    """What its user said and what they got, newest first."""

    said: list[str]
    taken: list[Taken]


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[None]:
    """For as long as the hub's lab runs; a taken port costs the app, not the hub."""
    async with hub.transaction() as tx:
        line = (await demo_lines.stand(tx, hub))["api"]
    system = OtherSystem(demo_lines.system_secret(hub))
    system.hook = f"{hub.settings.base_url}/in/{line.key}"
    async with AsyncExitStack() as stack:
        port = hub.settings.port + demo_lines.SYSTEM_BESIDE
        try:
            await stack.enter_async_context(system.running(port, _routes(system)))
        except OSError as error:
            log.warning("the lab's other system is closed", port=port, error=str(error))
        yield


def _routes(system: OtherSystem) -> list[web.RouteDef]:
    said: list[str] = []

    async def show(request: web.Request) -> web.Response:
        language = best_language(request.headers.get("Accept-Language", ""))
        with speaking(language):
            page = SystemPage(said=said[::-1], taken=system.taken[::-1])
            text = render.page("lab/system.html", page, Scope(language=language))
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def say(request: web.Request) -> web.Response:
        words = str((await request.post()).get("text", "")).strip()
        if words:
            user = {"id": "eva", "name": "Eva Prado"}
            status = await system.says({"id": token_hex(8), "from": user, "text": words})
            said.append(f"{words} ({status})")
        raise web.HTTPSeeOther("/")

    return [web.get("/", show), web.post("/say", say)]


POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
