"""Whether we live, whether we are ready, and the numbers Prometheus collects."""

from __future__ import annotations

import asyncio
from collections import Counter as Counted
from collections.abc import Awaitable
from typing import Any

import asyncpg
import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from redis.exceptions import RedisError

from hub.agents import tokens
from hub.channels import connections
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

ANSWER_SECONDS = 2.0
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: 200 when database, Redis and a worker answer, else 503; channels are told, not judged."""
    hub = hub_of(request)
    database, redis, workers = await asyncio.gather(
        _ok(hub.pool.fetchval("SELECT 1", timeout=ANSWER_SECONDS)), _ok(hub.redis.ping()), _workers(hub)
    )
    state = {"database": database, "redis": redis, "workers": workers}
    ready = all(value == "ok" for value in state.values())
    body: dict[str, Any] = {"ready": ready, **state}
    if database == "ok":
        body["channels"] = await _channels(hub)
    return web.Response(
        body=msgspec.json.encode(body), content_type="application/json", status=200 if ready else 503
    )


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: for this machine, or with the API token of an admin. Raises Forbidden."""
    hub = hub_of(request)
    if not _is_local(request) and not await _is_admin(hub, request):
        raise Forbidden(_("Ask from this machine, or with the API token of an administrator."))
    TODO.set(await hub.pool.fetchval("SELECT count(*) FROM todo WHERE due_at < now() - interval '5 seconds'"))
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


async def _channels(hub: Hub) -> dict[str, int]:
    """How many channels are in which state; which ones is for those who may see them."""
    async with hub.pool.acquire() as connection:
        known = await connections.enabled(Tx(connection))
    return dict(Counted(channel.health for channel in known))


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
