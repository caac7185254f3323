"""A campaign's plan for a million people: the list, the rows of the plan, and how many a worker prepares a second."""

from __future__ import annotations

import asyncio
import time

from bench.ground import ground
from hub.campaigns import audience, campaigns, filling, freezing, preparing, segments, steps
from hub.campaigns.campaigns import Change
from hub.campaigns.conditions import Definition
from hub.plumbing.hub import Hub
from tests.world import World

PEOPLE, PREPARED = 1_000_000, 10_000
LIST_LIMIT = 3.0
TEXT = (
    "Hola {{ contact.first_name|default('cliente') }}:\n"
    "{% if bought.last %}Gracias por su {{ bought.last }}.{% endif %}\n"
    "{{ owner.name|default('El equipo') }} le escribe desde {{ account.name|default('su oficina') }}.\n"
    "{{ unsubscribe.link }}"
)


def measure() -> dict[str, float]:
    """Seconds of the list and of the plan, against a bare INSERT of as many rows; people prepared a second."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    found: dict[str, float] = {}
    async with ground(connections=3) as (hub, world, _settings):
        await _fill(hub)
        campaign_id = await _campaign(hub, world)
        async with hub.transaction() as tx:
            began = time.perf_counter()
            await audience.freeze(tx, Definition())
            found["seconds of the list"] = time.perf_counter() - began
        async with hub.transaction() as tx:
            await tx.execute(
                "CREATE TEMP TABLE bare (LIKE recipient INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP"
            )
            began = time.perf_counter()
            await tx.execute(
                "INSERT INTO bare (id, campaign_id, contact_id) SELECT n, 1, n FROM generate_series(1, $1) n",
                PEOPLE,
            )
            found["seconds of a bare insert of as many"] = time.perf_counter() - began
        began = time.perf_counter()
        async with hub.transaction() as tx:
            found["people frozen"] = await freezing.freeze(tx, campaign_id)
        found["seconds of list and plan"] = time.perf_counter() - began
        found["list ÷ limit of 3 s"] = found["seconds of the list"] / LIST_LIMIT
        found |= await _prepare(hub, campaign_id)
    return found


async def _prepare(hub: Hub, campaign_id: int) -> dict[str, float]:
    await hub.pool.execute("ANALYZE recipient")
    async with hub.transaction() as tx:
        plan = await filling.load(tx, hub.crypto, hub.settings.base_url, campaign_id)
    first: int = await hub.pool.fetchval("SELECT min(id) FROM recipient")
    began, busy, after = time.perf_counter(), time.process_time(), first - 1
    while after < first + PREPARED - 1:
        async with hub.transaction() as tx:
            last = await filling.fill(tx, plan, after, first + PREPARED - 1)
        if last is None:
            break
        after = last
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return {
        "prepared a second by one worker": PREPARED / seconds,
        "µs of Python for one": busy / PREPARED * 1e6,
        "minutes for a million by two workers": 1e6 / (PREPARED / seconds) / 60 / 2,
    }


async def _campaign(hub: Hub, world: World) -> int:
    async with hub.transaction() as tx:
        made = await campaigns.create(tx, "Un millón", agent_id=world.mario)
        segment = await segments.create(tx, name="Todos", definition=Definition(), agent_id=world.mario)
        await steps.say(tx, made.id, steps.Wanted(subject="Novedades", text=TEXT), agent_id=world.mario)
        wanted = Change(segment_id=segment.id, channel_ids=[world.mail.id])
        await campaigns.change(tx, made.id, wanted, agent_id=world.mario)
        await preparing.begin(tx, made.id, world.mario)
    return made.id


async def _fill(hub: Hub) -> None:
    statements = (
        f"""INSERT INTO contact (id, root_id, name, language, time_zone)
            SELECT n, n, 'Persona ' || n, 'es', (ARRAY['Europe/Madrid','America/Lima','America/Bogota'])[1 + n % 3]
            FROM generate_series(1000, {PEOPLE} + 999) n""",
        f"""INSERT INTO address (type, value, contact_id, compared, verified)
            SELECT 'email', 'p' || n || '@people.test', n, true, true FROM generate_series(1000, {PEOPLE} + 999) n""",
        """INSERT INTO consent (address_id, purpose, granted, source)
           SELECT id, 'marketing', true, 'import' FROM address""",
        "ANALYZE",
    )
    async with hub.pool.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement, timeout=600)
        await connection.execute("RESET session_replication_role")
