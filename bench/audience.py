"""Audiences over a million people and four million purchases: counted, sampled, frozen; seconds, medians of three."""

from __future__ import annotations

import asyncio
import statistics
import time
from decimal import Decimal
from typing import Any

from bench.ground import ground
from hub.campaigns import audience
from hub.campaigns.conditions import Account, Consent, Conversation, Definition, Group, Person, Purchases
from hub.plumbing.hub import Hub

PEOPLE, PURCHASES, ROUNDS = 1_000_000, 4_000_000, 3
COUNT_LIMIT, FREEZE_LIMIT = 2.0, 3.0
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
    """Seconds of each count and freeze, and the ratio of the slowest to its limit."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    found: dict[str, float] = {}
    async with ground(connections=3) as (hub, _world, _settings):
        await _fill(hub)
        taken: dict[str, list[float]] = {}
        for _round in range(ROUNDS):
            for name, definition in DEFINITIONS.items():
                for verb in (audience.count, audience.freeze, audience.sample):
                    began = time.perf_counter()
                    async with hub.transaction() as tx:
                        answer: Any = await verb(tx, definition)  # type: ignore[operator]
                    key = f"{verb.__name__}: {name}"
                    taken.setdefault(key, []).append(time.perf_counter() - began)
                    if verb is audience.freeze:
                        found[f"people: {name}"] = answer
        for name, times in taken.items():
            found[f"seconds to {name}"] = statistics.median(times)
    for verb_name, limit in (("count", COUNT_LIMIT), ("freeze", FREEZE_LIMIT)):
        slowest = max(found[name] for name in found if name.startswith(f"seconds to {verb_name}"))
        found[f"slowest {verb_name} ÷ limit of {limit:.0f} s"] = slowest / limit
    return found


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
        "ANALYZE",
    )
    async with hub.pool.acquire() as connection:
        await connection.execute(
            "SET session_replication_role = replica"
        )  # no foreign keys looked up while filling
        for statement in statements:
            await connection.execute(statement, timeout=600)
        await connection.execute("RESET session_replication_role")
