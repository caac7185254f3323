"""Audiences over a million people and four million purchases: counted, sampled, frozen, against a bare count(*)."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any

from bench.ground import ground
from hub.campaigns import audience
from hub.campaigns.conditions import Account, Consent, Conversation, Definition, Group, Person, Purchases
from hub.customers import rolling_up
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

PEOPLE, PURCHASES, ROUNDS = 1_000_000, 4_000_000, 3
LIMITS = {"count": 2.0, "freeze": 3.0, "sample": 0.1}
DEFINITIONS = {
    "everybody": Definition(),
    "spanish gold": Definition(
        [Group([Person(field="language", any_of=["es"]), Account(field="tier", any_of=["oro"])])]
    ),
    "bought, not since": Definition(
        [Group([Purchases(products=[3]), Purchases(days=90, no=True)]), Group([Conversation(open=True)])]
    ),
    "total over 500": Definition([Group([Purchases(measure="total", at_least=Decimal(500)), Consent()])]),
}


def measure() -> dict[str, float]:
    """Seconds of each count, freeze and sample, how many bare counts of the people that is, and of its limit."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    found: dict[str, float] = {}
    async with ground(connections=3) as (hub, _world, _settings):
        await _fill(hub)
        found["seconds to roll everything up"] = await _roll_up(hub)
        taken: dict[str, list[float]] = {}
        for _round in range(ROUNDS):
            for name, definition in DEFINITIONS.items():
                await _timed(hub, taken, "bare count(*)", _bare)
                for verb in ("count", "freeze", "sample"):
                    ask = partial(getattr(audience, verb), definition=definition)
                    answer = await _timed(hub, taken, f"{verb}: {name}", ask)
                    if verb == "freeze":
                        found[f"people: {name}"] = answer
    medians = {name: statistics.median(times) for name, times in taken.items()}
    found |= {f"seconds to {name}": seconds for name, seconds in medians.items()}
    for verb, limit in LIMITS.items():
        slowest = max(seconds for name, seconds in medians.items() if name.startswith(verb))
        found[f"slowest {verb} ÷ bare count(*)"] = slowest / medians["bare count(*)"]
        found[f"slowest {verb} ÷ limit of {limit} s"] = slowest / limit
    return found


async def _timed(
    hub: Hub, taken: dict[str, list[float]], name: str, ask: Callable[[Tx], Awaitable[Any]]
) -> Any:
    began = time.perf_counter()
    async with hub.transaction() as tx:
        answer = await ask(tx)
    taken.setdefault(name, []).append(time.perf_counter() - began)
    return answer


async def _bare(tx: Tx) -> Any:
    return await tx.value("SELECT count(*) FROM contact")


async def _roll_up(hub: Hub) -> float:
    began = time.perf_counter()
    settled = 1
    while settled:
        async with hub.transaction() as tx:
            settled = await rolling_up.settle(tx, most=20_000)
    async with hub.pool.acquire() as connection:
        await connection.execute("VACUUM ANALYZE", timeout=600)
    return time.perf_counter() - began


async def _fill(hub: Hub) -> None:
    statements = (
        "INSERT INTO product (name, category) SELECT 'Producto ' || n, 'c' || n % 5 FROM generate_series(1, 50) n",
        """INSERT INTO account (name, tier) SELECT 'Cuenta ' || n, (ARRAY['oro','plata','bronce'])[1 + n % 3]
           FROM generate_series(1, 200000) n""",
        f"""INSERT INTO contact (id, root_id, name, account_id, account_standing, language, created_at)
            SELECT n, n, 'Persona ' || n, CASE WHEN n % 2 = 0 THEN 10 + n / 2 % 199990 END,
                   CASE WHEN n % 2 = 0 THEN 'confirmed' ELSE '' END, (ARRAY['es','en','fr'])[1 + n % 3],
                   now() - n % 1000 * interval '1 day'
            FROM generate_series(1000, {PEOPLE} + 999) n""",
        "UPDATE contact SET root_id = id - 1 WHERE id % 500 = 0 AND id > 1000",
        f"""INSERT INTO address (type, value, contact_id, compared, usable)
            SELECT 'email', 'p' || n || '@people.test', n, true, n % 50 > 0
            FROM generate_series(1000, {PEOPLE} + 999) n""",
        """INSERT INTO consent (address_id, purpose, granted, source)
           SELECT id, 'marketing', id % 10 > 1, 'import' FROM address WHERE id % 5 > 0""",
        f"""INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at)
            SELECT 1000 + (n * 7919::bigint) % {PEOPLE}, 1 + n % 50, 10 + n % 300, 'EUR',
                   now() - (n * 31 % 1500) * interval '1 day' FROM generate_series(1, {PURCHASES}) n""",
        """INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, state)
           SELECT 'bench' || n, 1000 + n * 3, c.id, c.id, (ARRAY['open','closed','closed'])[1 + n % 3]
           FROM generate_series(1, 100000) n, (SELECT id FROM channel LIMIT 1) c""",
        "INSERT INTO reach_stale SELECT id FROM contact",
        """INSERT INTO bought_stale SELECT DISTINCT 'person', contact_id FROM purchase""",
        "ANALYZE",
    )
    async with hub.pool.acquire() as connection:
        await connection.execute(
            "SET session_replication_role = replica"
        )  # no foreign keys looked up while filling
        for statement in statements:
            await connection.execute(statement, timeout=600)
        await connection.execute("RESET session_replication_role")
