"""What a batch of the road in costs by its size, without HTTP: processor time of Python and of PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import time

import uvloop

from bench.ground import ground
from bench.load import processor
from bench.serving import PEOPLE
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import MessageReceived, Party
from hub.intake import Inbound
from hub.plumbing.hub import Hub

SIZES = (1, 8, 32, 256)
ROUNDS = 4
MESSAGES = 1_500  # in a round of one size
BATCHES = 150  # at most
BODY = "Hola, donde esta mi pedido?"
_numbers = itertools.count()


def measure() -> dict[str, float]:
    """Microseconds of processor a batch costs by itself and each of its messages adds, for the server's two sides.

    The lowest of some rounds: whatever else the machine does only adds.
    """
    return uvloop.run(_measured())


async def _measured() -> dict[str, float]:
    async with ground() as (hub, world, _settings):
        inbound = Inbound(hub)
        await inbound.start()
        for _ in range(2 * PEOPLE // 200):
            await _batch(inbound, world.mail, 200)
        await hub.pool.execute("ANALYZE")
        best: dict[int, tuple[float, float]] = {}
        for size in SIZES * ROUNDS:
            best[size] = min(best.get(size, (1e9, 1e9)), await _cost(hub, inbound, world.mail, size), key=sum)
        await inbound.close()
        return _summary(best)


async def _cost(hub: Hub, inbound: Inbound, channel: Channel, size: int) -> tuple[float, float]:
    """Python's and PostgreSQL's microseconds for one batch of this size."""
    for _ in range(3):
        await _batch(inbound, channel, size)
    rows = await hub.pool.fetch(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'dialogo inbound' AND datname = current_database()"
    )
    lanes = [row["pid"] for row in rows]
    count = max(8, min(BATCHES, MESSAGES // size))
    python, postgres = time.process_time(), processor(lanes)
    for _ in range(count):
        await _batch(inbound, channel, size)
    python, postgres = time.process_time() - python, processor(lanes) - postgres
    return python / count * 1e6, postgres / count * 1e6


async def _batch(inbound: Inbound, channel: Channel, size: int) -> None:
    await asyncio.gather(*(inbound.receive(channel, Raw(body=BODY.encode()), [_fact()]) for _ in range(size)))


def _fact() -> MessageReceived:
    number = next(_numbers)
    return MessageReceived(
        key=f"batches:{number}",
        external_id=f"{number}@batches.example",
        sender=Party(f"b{number % PEOPLE}@people.example", f"B {number % PEOPLE}"),
        subject="Pedido",
        text=BODY,
        new_text=BODY,
        verified=True,
    )


def _summary(best: dict[int, tuple[float, float]]) -> dict[str, float]:
    """By size, and the straight line through the smallest and the largest."""
    few, many = SIZES[0], SIZES[-1]
    told: dict[str, float] = {}
    for side, name in enumerate(("python", "postgres")):
        for size in SIZES:
            told[f"{size}.{name}_us_a_message"] = best[size][side] / size
        a_message = (best[many][side] - best[few][side]) / (many - few)
        told[f"{name}_us_each_message_adds"] = a_message
        told[f"{name}_us_of_the_batch_itself"] = best[few][side] - few * a_message
    return told
