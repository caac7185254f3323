"""A shop of somebody else, on an origin of its own, with our chat on its pages under the strictest policy there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from hub.lab import system_page
from hub.operating import demo_lines
from hub.operating.demo_lines import SHOP_BESIDE, shop_url
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _, best_language, speaking
from hub.web import render
from hub.web.views import Scope, View

log = structlog.get_logger(__name__)

STYLE = Path(__file__).with_name("shop.css")


class ShopPage(View, frozen=True, kw_only=True):
    """A page of the shop: where the chat's loader is, and for which line; `form`: the contact form's frame, or ""."""

    title: str
    loader: str
    key: str
    form: str = ""


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[None]:
    """The shop, and its orders app, for as long as the hub's lab runs; a taken port costs the shop, not the hub."""
    async with hub.transaction() as tx:
        lines = await demo_lines.stand(tx, hub)
    shop = shop_app(hub.settings.base_url, lines["webchat"].key, form_key=lines["form"].key)
    runner = web.AppRunner(shop, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", hub.settings.port + SHOP_BESIDE).start()
    except OSError as error:
        log.warning("the lab's shop is closed", address=shop_url(hub.settings), error=str(error))
    try:
        async with system_page.running(hub):
            yield
    finally:
        await runner.cleanup()


def shop_app(hub_url: str, key: str, reports: list[str] | None = None, form_key: str = "") -> web.Application:
    """The shop's pages, /contact with the form; what browsers report against its policy is put into `reports`."""

    async def page(request: web.Request) -> web.Response:
        language = request.query.get("lang") or best_language(request.headers.get("Accept-Language", ""))
        asks = form_key and request.path == "/contact"
        form = f"{hub_url}/in/{form_key}/form?lang={language}" if asks else ""
        with speaking(language):
            title = _("Lamps of the North")
            shown = ShopPage(title=title, loader=f"{hub_url}/static/chat.js", key=key, form=form)
        text = render.page("lab/shop.html", shown, Scope(language=language))
        headers = {"Content-Security-Policy": _policy(hub_url), "Referrer-Policy": "no-referrer"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def style(request: web.Request) -> web.Response:
        return web.Response(text=STYLE.read_text(), content_type="text/css")

    async def report(request: web.Request) -> web.Response:
        if reports is not None:
            reports.append(await request.text())
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.get("/shop.css", style), web.post("/reports", report), web.get("/{page:.*}", page)])
    return app


def _policy(hub_url: str) -> str:
    return (
        f"default-src 'none'; script-src {hub_url}; frame-src {hub_url}; style-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'; report-uri /reports"
    )
