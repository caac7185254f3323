"""Whether we live, whether we are ready, and the numbers Prometheus collects."""

from __future__ import annotations

import asyncio
from collections import Counter as Counted
from collections.abc import Awaitable
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from redis.exceptions import RedisError

from hub.agents import tokens
from hub.channels import connections
from hub.channels.connections import Channel
from hub.insight import numbers
from hub.plumbing import pausing
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.errors import Forbidden
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.requests import hub_of

REQUESTS = Counter("hub_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "hub_request_seconds",
    "Time to answer, by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
SOCKETS = Gauge("hub_live_sockets", "Open live pages in this process.")
FRAMES = Counter("hub_live_frames", "Frames written to live pages.")
DROPPED = Counter("hub_live_dropped", "Live pages closed because they did not read.")
TODO = Gauge("hub_todo_due", "Things that were due and are not done yet.")
DELIVERIES = Gauge("hub_deliveries", "Deliveries that are not settled, or failed, by state.", ["state"])
OVERDUE = Gauge("hub_delivery_overdue_seconds", "How long the oldest delivery that should have left waits.")
ARRIVALS = Gauge("hub_arrivals_recent", "What came in during the last five minutes, by outcome.", ["outcome"])
CHANNELS = Gauge(
    "hub_channel_ok", "1 for a line's way that works, 0 for one that fails.", ["channel", "kind", "way"]
)
QUARANTINED = Gauge("hub_quarantined", "Arrivals that could not be read.")

ANSWER_SECONDS = 2.0
COUNT_SECONDS = 5.0
"""The same numbers are good for this long, however many ask."""
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: 200 when database, Redis and a worker answer, else 503.

    Channels and a pause are only told; which lines fail, to this machine and to administrators."""
    hub = hub_of(request)
    database, redis, workers = await asyncio.gather(
        _ok(hub.pool.fetchval("SELECT 1", timeout=ANSWER_SECONDS)), _ok(hub.redis.ping()), _workers(hub)
    )
    state = {"database": database, "redis": redis, "workers": workers}
    ready = all(value == "ok" for value in state.values())
    body: dict[str, Any] = {"ready": ready, **state}
    if database == "ok":
        known = await _enabled(hub)
        body["channels"] = dict(Counted(channel.health for channel in known))
        if _is_local(request) or await _is_admin(hub, request):
            body["lines"] = [_told(one) for one in known]
        body["sending"] = "paused" if await _is_paused(hub) else "ok"
    return web.Response(
        body=msgspec.json.encode(body), content_type="application/json", status=200 if ready else 503
    )


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: for this machine, or with the API token of an admin. Raises Forbidden."""
    hub = hub_of(request)
    if not _is_local(request) and not await _is_admin(hub, request):
        raise Forbidden(_("Ask from this machine, or with the API token of an administrator."))
    await _count(hub)
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _ok(question: Awaitable[Any]) -> str:
    """`ok`, or `away`: why is for the log and `hub doctor`, not for strangers."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await question
    except (asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, OSError, TimeoutError):
        return "away"
    return "ok"


async def _workers(hub: Hub) -> str:
    """A worker writes this key every few seconds (arq's health check); it expires without one."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            alive = await hub.redis.exists(f"{hub.jobs.queue}:health-check")
    except (RedisError, OSError, TimeoutError):
        return "unknown"
    return "ok" if alive else "none"


async def _enabled(hub: Hub) -> list[Channel]:
    async with hub.pool.acquire() as connection:
        return await connections.enabled(Tx(connection))


def _told(channel: Channel) -> dict[str, Any]:
    """One line for whoever runs the house; strangers only hear how many are in which state."""
    return {
        "id": channel.id,
        "kind": channel.kind,
        "name": channel.name,
        "health": channel.health,
        "troubles": channel.troubles,
    }


async def _is_paused(hub: Hub) -> bool:
    async with hub.pool.acquire() as connection:
        return (await pausing.sending(Tx(connection))).paused


_counted_at: WeakKeyDictionary[Hub, float] = WeakKeyDictionary()


async def _count(hub: Hub) -> None:
    if monotonic() < _counted_at.get(hub, -COUNT_SECONDS) + COUNT_SECONDS:
        return
    _counted_at[hub] = monotonic()
    async with hub.pool.acquire() as connection:
        counted = await numbers.count(Tx(connection))
    TODO.set(counted.todo)
    QUARANTINED.set(counted.quarantined)
    OVERDUE.set(counted.overdue_seconds)
    CHANNELS.clear()
    for channel in await _enabled(hub):
        for way in ("in", "out") if channel.health != "unknown" else ():
            CHANNELS.labels(str(channel.id), channel.kind, way).set(way not in channel.troubles)
    for state, n in counted.deliveries.items():
        DELIVERIES.labels(state).set(n)
    for outcome, n in counted.arrivals.items():
        ARRIVALS.labels(outcome).set(n)


def _is_local(request: web.Request) -> bool:
    forwarded = any(name in request.headers for name in FORWARDED)
    return not forwarded and (request.remote or "") in ("127.0.0.1", "::1")


async def _is_admin(hub: Hub, request: web.Request) -> bool:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    async with hub.pool.acquire() as connection:
        bearer = await tokens.find(Tx(connection), secret.strip())
    return bearer is not None and bearer.person.role == "admin"
