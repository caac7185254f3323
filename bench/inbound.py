"""The road in under load: our batches, the naive transaction and a handler that does nothing, in one run."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from statistics import median, quantiles

from aiohttp import ClientSession, TCPConnector, web

from bench.ground import ground
from hub.channels.base import Raw
from hub.channels.facts import MessageReceived, Party
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.world import World

ROUNDS = 3
SECONDS = 3.0
PEOPLE = 2_000
MANY, FEW = 64, 8
Handler = Callable[[web.Request], Awaitable[web.Response]]
_numbers = itertools.count()


def measure() -> dict[str, float]:
    """Messages a second and milliseconds (p50, p99) of each way with 64 clients, p50 with 8, and the ratios."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, float]:
    async with ground() as (hub, world, _settings):
        inbound = Inbound(hub)
        await inbound.start()
        ways = {"noop": _noop, "naive": _naive(hub, world), "batch": _batch(inbound, world)}
        app = web.Application()
        for name, handler in ways.items():
            app.router.add_post(f"/{name}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        found: dict[str, list[float]] = {}
        for _round in range(ROUNDS):
            for name in ways:
                for clients in (MANY, FEW):
                    rate, p50, p99 = await _load(f"http://127.0.0.1:{port}/{name}", clients)
                    found.setdefault(f"{name}.{clients}.rate", []).append(rate)
                    found.setdefault(f"{name}.{clients}.p50_ms", []).append(p50)
                    found.setdefault(f"{name}.{clients}.p99_ms", []).append(p99)
        await runner.cleanup()
        await inbound.close()
        return _summary({name: median(values) for name, values in found.items()})


def _summary(found: dict[str, float]) -> dict[str, float]:
    return found | {
        "batch_to_naive (goal 4.5)": found[f"batch.{MANY}.rate"] / found[f"naive.{MANY}.rate"],
        "batch_to_noop (goal 0.4)": found[f"batch.{MANY}.rate"] / found[f"noop.{MANY}.rate"],
        "p50_with_8_to_naive (goal 0.5)": found[f"batch.{FEW}.p50_ms"] / found[f"naive.{FEW}.p50_ms"],
    }


async def _load(url: str, clients: int) -> tuple[float, float, float]:
    """Messages a second, and p50 and p99 in milliseconds, of `clients` that ask one after another."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def client() -> None:
            while time.perf_counter() < until:
                began = time.perf_counter()
                async with session.post(url, data=b"Hola, donde esta mi pedido?") as answer:
                    assert answer.status == 200, await answer.text()
                times.append(time.perf_counter() - began)

        await asyncio.gather(*(client() for _ in range(clients)))
    cuts = quantiles(times, n=100)
    return len(times) / SECONDS, cuts[49] * 1000, cuts[98] * 1000


async def _noop(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


def _fact(number: int, text: str) -> MessageReceived:
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


def _batch(inbound: Inbound, world: World) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        raw = Raw(body=await request.read())
        outcome = await inbound.receive(world.mail, raw, [_fact(next(_numbers), raw.body.decode())])
        assert outcome.state == "stored"
        return web.Response()

    return handle


def _naive(hub: Hub, world: World) -> Handler:
    """What everybody writes first: a transaction a message, a statement a thought, over a pool of 16."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        fact = _fact(next(_numbers), body.decode())
        async with hub.pool.acquire() as connection, connection.transaction():
            arrival = await connection.fetchval(
                "INSERT INTO arrival (channel_id, outcome, size, raw) VALUES ($1, 'stored', $2, $3) RETURNING id",
                world.mail.id,
                len(body),
                body,
            )
            known = await connection.fetchrow(
                "SELECT id, contact_id FROM address WHERE type = 'email' AND value = $1",
                f"n{fact.sender.address}",
            )
            if known is None:
                known = await connection.fetchrow(
                    """
                    WITH c AS (INSERT INTO contact (id, root_id, name)
                               SELECT n, n, $2 FROM nextval('contact_id_seq') AS n RETURNING id)
                    INSERT INTO address (type, value, contact_id) SELECT 'email', $1, id FROM c
                    ON CONFLICT (type, value) DO UPDATE SET name = '' RETURNING id, contact_id
                    """,
                    f"n{fact.sender.address}",
                    fact.sender.name,
                )
            conversation = await connection.fetchval(
                "SELECT id FROM conversation WHERE contact_id = $1 AND state = 'open' LIMIT 1",
                known["contact_id"],
            )
            if conversation is None:
                conversation = await connection.fetchval(
                    """
                    INSERT INTO conversation (token, subject, contact_id, channel_id, last_channel_id)
                    VALUES (gen_random_uuid()::text, $1, $2, $3, $3) RETURNING id
                    """,
                    fact.subject,
                    known["contact_id"],
                    world.mail.id,
                )
            seq = await connection.fetchval(
                """
                UPDATE conversation SET last_seq = last_seq + 1, last_message_at = now(), last_preview = $2
                WHERE id = $1 RETURNING last_seq
                """,
                conversation,
                fact.text,
            )
            await connection.execute(
                """
                INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, arrival_id, fact_no,
                                     contact_id, address_id, subject, text, new_text)
                VALUES ($1, $1, $2, 'in', $3, $4, 0, $5, $6, $7, $8, $8)
                """,
                conversation,
                seq,
                world.mail.id,
                arrival,
                known["contact_id"],
                known["id"],
                fact.subject,
                fact.text,
            )
        return web.Response()

    return handle
