"""The contenders of the inbound bench, served by a process of their own as `hub web` is; ends with its stdin."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec
import uvloop
from aiohttp import web

from bench import naive
from config import settings as configured
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.facts import MessageReceived, Party
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from hub.web.providers import ROUTES
from hub.web.requests import HUB, INBOUND
from tests import world as cast

PEOPLE = 2_000
TOKEN = "auth token of the bench"  # what the webhooks are signed with
POOL = 16
Handler = Callable[[web.Request], Awaitable[web.Response]]
_numbers = itertools.count()


class Ready(msgspec.Struct, frozen=True):
    """Told on stdout: the port, this process, and the address of a telephone line's webhooks."""

    port: int
    pid: int
    sms: str


async def main() -> None:
    """Serve /noop, /naive, /batch and signed webhooks of a telephone line until stdin closes."""
    hub = await Hub.open(configured.read(), most_connections=POOL)
    async with hub.transaction() as tx:
        world = await cast.find(tx)
        line = await connections.add(
            tx,
            hub.crypto,
            kind="sms",
            name="SMS",
            address="+34910000000",
            address_type="phone",
            secrets={"auth_token": TOKEN},
        )
    inbound = Inbound(hub)
    await inbound.start()
    app = web.Application()
    app[HUB], app[INBOUND] = hub, inbound
    app.add_routes(ROUTES)
    app.router.add_post("/noop", _noop)
    plain = await asyncpg.create_pool(hub.settings.database_url, min_size=POOL, max_size=POOL)
    app.router.add_post("/naive", _naive(plain, world))
    app.router.add_post("/batch", _batch(inbound, world))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready = Ready(runner.addresses[0][1], os.getpid(), f"/in/{line.key}")
    print(msgspec.json.encode(ready).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    await inbound.close()
    await plain.close()
    await hub.close()


async def _noop(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


def _naive(pool: asyncpg.Pool, world: cast.World) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        await naive.store(pool, world.mail.id, body, _fact(body.decode()))
        return web.Response()

    return handle


def _batch(inbound: Inbound, world: cast.World) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        raw = Raw(body=await request.read())
        outcome = await inbound.receive(world.mail, raw, [_fact(raw.body.decode())])
        assert outcome.state == "stored"
        return web.Response()

    return handle


def _fact(text: str) -> MessageReceived:
    """What an adapter would have understood: a new message of one of 2,000 people."""
    number = next(_numbers)
    who = f"p{number % PEOPLE}@people.example"
    return MessageReceived(
        key=f"bench:{number}",
        external_id=f"{number}@people.example",
        sender=Party(who, f"P {number % PEOPLE}"),
        subject="Pedido",
        text=text,
        new_text=text,
        verified=True,
    )


if __name__ == "__main__":
    uvloop.run(main())
