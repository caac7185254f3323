"""A file of people into a list, as a worker takes it in: rows a second, when nobody is known and when all are."""

from __future__ import annotations

import asyncio
import os
import time

from bench.ground import ground
from hub.campaigns import list_importing, lists
from hub.campaigns.list_columns import guess
from hub.plumbing.hub import Hub

ROWS = 1_000_000 if os.environ.get("BENCH") == "full" else int(os.environ.get("ROWS", 50_000))
GOAL = 3_000
HEADINGS = "id,nombre,apellidos,email,movil,acepta,etiquetas,ciudad,talla"


def measure() -> dict[str, float]:
    """Rows a second the first time and when the same file comes again, and how far that is of the goal."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    async with ground(connections=3) as (hub, _world, _settings):
        async with hub.transaction() as tx:
            list_id = (await lists.create(tx, "Feria")).id
        raw = _file()
        first, again = await _seconds(hub, list_id, raw), await _seconds(hub, list_id, raw)
    return {
        "rows a second": ROWS / first,
        "rows a second of known people": ROWS / again,
        f"÷ goal of {GOAL:,}": ROWS / first / GOAL,
    }


async def _seconds(hub: Hub, list_id: int, raw: bytes) -> float:
    plan = guess(HEADINGS.split(","))
    plan = type(plan)(columns=plan.columns, proof="Formulario de la feria")
    began = time.perf_counter()
    begun = await list_importing.begin(hub, list_id, raw, plan)
    while not await list_importing.turn(hub, begun.id, until=time.monotonic() + 20):
        pass
    seconds = time.perf_counter() - began
    async with hub.transaction() as tx:
        done = await list_importing.load(tx, begun.id)
    if (done.done, done.wrong) != (ROWS - ROWS // 100, ROWS // 100):
        raise RuntimeError(f"of {ROWS} rows {done.done} are in and {done.wrong} wrong")
    return seconds


def _file() -> bytes:
    """One in a hundred is wrong, one in three has a telephone."""
    rows = (
        f"C{n},Rosa {n},Gil Pérez,{'rosa' if n % 100 else 'no rosa'}{n}@example{n % 50}.com,"
        f"{f'+346{n % 100_000_000:08}' if n % 3 == 0 else ''},sí,feria|{n % 7},Vigo,{n % 30}"
        for n in range(1, ROWS + 1)
    )
    return "\n".join((HEADINGS, *rows)).encode()
