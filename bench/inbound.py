"""The road in under load: our batches, the naive transaction and a handler that does nothing, in one run.

`sms` is the whole way of a provider's webhook: signature, parsing, the commit, the answer.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median
from urllib.parse import urlencode

import msgspec
import uvloop

from bench.ground import ground
from bench.load import load, processor, request
from bench.serving import PEOPLE, TOKEN, Ready
from config.settings import Settings
from hub.plumbing.hub import Hub

ROUNDS = 3
SECONDS = 3.0
MANY, FEW = 64, 8
WAYS = ("noop", "naive", "batch", "sms")
BODY = b"Hola, donde esta mi pedido?"
_numbers = itertools.count()


def measure() -> dict[str, float]:
    """Answers a second and p50, p99 in milliseconds of each way with 64 and 8 clients, what a message costs the
    server's process and PostgreSQL in microseconds of processor, and the ratios."""
    return uvloop.run(_measured())


async def _measured() -> dict[str, float]:
    async with ground() as (hub, _world, settings), _served(settings) as ready:
        found: dict[str, list[float]] = {}
        await _turns(hub, ready, found)
        found.clear()  # the first round warms up: caches, plans, and the people who write
        await hub.pool.execute("ANALYZE")
        for _round in range(ROUNDS):
            await _turns(hub, ready, found)
        return _summary({name: median(values) for name, values in found.items()})


async def _turns(hub: Hub, ready: Ready, found: dict[str, list[float]]) -> None:
    """Every way once with many and once with few clients, one after the other."""
    for name, clients in itertools.product(WAYS, (MANY, FEW)):
        python, postgres = processor([ready.pid]), processor(await _backends(hub))
        loaded = await load(ready.port, _asked(name, ready), clients=clients, seconds=SECONDS)
        python, postgres = processor([ready.pid]) - python, processor(await _backends(hub)) - postgres
        told = {
            "rate": loaded.rate,
            "p50_ms": loaded.p50,
            "p99_ms": loaded.p99,
            "python_us": python / loaded.answered * 1e6,
            "postgres_us": postgres / loaded.answered * 1e6,
        }
        for word, value in told.items():
            found.setdefault(f"{name}.{clients}.{word}", []).append(value)


def _asked(name: str, ready: Ready) -> Iterator[bytes]:
    return _signed(ready) if name == "sms" else itertools.repeat(request(f"/{name}", BODY))


def _signed(ready: Ready) -> Iterator[bytes]:
    """Messages as Twilio tells of them, signed over URL and sorted fields."""
    url = f"http://127.0.0.1{ready.sms}"
    for number in _numbers:
        fields = {
            "AccountSid": "AC" + "0" * 32,
            "Body": BODY.decode(),
            "From": f"+346{number % PEOPLE:08d}",
            "MessageSid": f"SM{number:032d}",
            "NumMedia": "0",
            "To": "+34910000000",
        }
        text = url + "".join(name + value for name, value in fields.items())
        signature = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        yield request(ready.sms, urlencode(fields).encode(), form)


def _summary(found: dict[str, float]) -> dict[str, float]:
    return found | {
        "batch_to_naive (goal 4.5)": found[f"batch.{MANY}.rate"] / found[f"naive.{MANY}.rate"],
        "sms_to_naive": found[f"sms.{MANY}.rate"] / found[f"naive.{MANY}.rate"],
        "sms_to_noop": found[f"sms.{MANY}.rate"] / found[f"noop.{MANY}.rate"],
        "batch_to_noop (goal 0.4)": found[f"batch.{MANY}.rate"] / found[f"noop.{MANY}.rate"],
        "p50_with_8_to_naive (goal 0.5)": found[f"batch.{FEW}.p50_ms"] / found[f"naive.{FEW}.p50_ms"],
    }


async def _backends(hub: Hub) -> list[int]:
    rows = await hub.pool.fetch("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    return [row["pid"] for row in rows]


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[Ready]:
    """The contenders in a process of their own, on the same database."""
    environ = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "HUB_DATA": str(settings.data),
        "HUB_SECRET": settings.secret,
        "HUB_LOG": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.serving"),
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield msgspec.json.decode(await process.stdout.readline(), type=Ready)
    finally:
        process.stdin.close()
        await process.wait()
