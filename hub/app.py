"""The web process: assembly, limits, start and end."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from functools import partial

import structlog
from aiohttp import web

from config.settings import SettingError, Settings
from hub.intake import Inbound
from hub.lab import fax, mail_server, phones, shop, telephone
from hub.lab import pages as lab
from hub.lab.playing import FATES, Fates
from hub.lab.sent import Outbox
from hub.operating import demo_lines, ports
from hub.plumbing.hub import Hub
from hub.web import live, middleware, patience, routes
from hub.web.chat import socket as chat_socket
from hub.web.fanout import FANOUT, Fanout
from hub.web.requests import HUB, INBOUND, OPEN, networks
from hub.web.viewing import Viewing

BODY_LIMIT = 40_000_000
"""Bytes of any request: an upload of 25 MB with its form around it; also a webhook with a media part."""
KEEPALIVE_SECONDS = 75.0
DRAIN_SECONDS = 10.0
log = structlog.get_logger(__name__)


async def serve_web(settings: Settings) -> None:
    """Serve until cancelled, then finish what is under way. Raises SettingError, HubError for a taken port."""
    check(settings)
    _allow_many_sockets()
    hub = await Hub.open(settings, name="dialogo web")
    try:
        runner = web.AppRunner(
            make_app(hub),
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            lingering_time=5.0,
            shutdown_timeout=DRAIN_SECONDS,
            max_line_size=8190,
            max_field_size=8190,
            handler_cancellation=False,
        )
        await runner.setup()
        await _serve(runner, settings)
    finally:
        await hub.close()


def make_app(hub: Hub) -> web.Application:
    """The application over an open hub; tests serve the same one."""
    app = web.Application(middlewares=middleware.MIDDLEWARE, client_max_size=BODY_LIMIT)
    app[HUB] = hub
    demo_only = [*lab.ROUTES, *fax.ROUTES, *phones.ROUTES] if hub.settings.demo else []
    app[OPEN] = frozenset(route.handler for route in (*routes.OPEN, *demo_only))
    app.add_routes([*routes.TABLE, *demo_only])
    app.on_response_prepare.append(middleware.headers)
    app[FANOUT] = Fanout(hub)
    app[live.VIEWING] = Viewing(hub)
    app[INBOUND] = Inbound(hub)
    app.cleanup_ctx.extend([_road_in, live.run, chat_socket.run])
    app.on_shutdown.extend([live.close_all, chat_socket.close_all])
    if hub.settings.demo:
        app[FATES] = Fates()
        app.cleanup_ctx.extend([telephone.run, _lab_mail, _lab_shop])
    return app


async def _lab_mail(app: web.Application) -> AsyncIterator[None]:
    """The pretend world the demo sends to, beside the pages that show it."""
    hub = app[HUB]
    told = partial(fax.report, hub, app[FATES])
    port = demo_lines.mail_port(hub.settings)
    async with mail_server.running(Outbox(hub.settings.data), "127.0.0.1", port, told, app[FATES].mail):
        yield


async def _lab_shop(app: web.Application) -> AsyncIterator[None]:
    """Somebody else's page with our chat on it."""
    async with shop.running(app[HUB]):
        yield


async def _road_in(app: web.Application) -> AsyncIterator[None]:
    await app[INBOUND].start()
    yield
    await app[INBOUND].close()


def check(settings: Settings) -> None:
    """Settings only the web process can judge. Raises SettingError."""
    try:
        networks(settings.trusted_proxies)
    except ValueError as error:
        raise SettingError(f"HUB_TRUSTED_PROXIES: {error}; use networks like 10.0.0.0/8") from error


async def _serve(runner: web.AppRunner, settings: Settings) -> None:
    watch = asyncio.create_task(patience.close_silent(runner))
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise ports.taken("HUB_PORT", settings.host, settings.port, error) from error
        log.info("web is up", address=settings.base_url)
        await asyncio.Event().wait()
    finally:
        watch.cancel()
        await runner.cleanup()


def _allow_many_sockets() -> None:
    """Each open page holds a socket; the usual soft limit of 1,024 files is for smaller programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
