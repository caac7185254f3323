"""What tests of leaving campaigns share: a running campaign with people of its own, and its roads out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from hub.bulk.one_by_one import OneByOne
from hub.bulk.road import Bulk
from hub.campaigns import campaigns, steps
from hub.campaigns.rendering import render
from hub.customers.variables import Value
from hub.departure import Pace
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.world import World
from workers import timers

QUICK = Pace(sweep=0.1, send=5.0, margin=1.0, rest_at_first=0.2, gaps=(0.3, 0.5, 1.0))
SUBJECT = "{{ contact.first_name }}, noticias de otoño"
TEXT = "Hola {{ contact.first_name }}:\n\n. Un punto solo.\n{% for p in bought.products %}- {{ p }}\n{% endfor %}Adiós"
HTML = "<p>Hola <b>{{ contact.first_name }}</b></p>"


class Sent(msgspec.Struct, frozen=True):
    """A campaign on its way."""

    id: int
    gate_id: int
    recipients: list[int]


async def running(
    hub: Hub, world: World, people: int, *, channel_id: int | None = None, texts: steps.Wanted | None = None
) -> Sent:
    """A running campaign of Mario's in Ana's name, to people c1…cn@customers.test who agreed, all due now."""
    async with hub.transaction() as tx:
        contacts, addresses = await _people(tx, people)
        made = await campaigns.create(tx, "Otoño", agent_id=world.mario)
        wanted = texts or steps.Wanted(subject=SUBJECT, text=TEXT, html=HTML)
        said = await steps.say(tx, made.id, wanted, agent_id=world.mario)
        values = [_values(number) for number in range(1, people + 1)]
        rows = await tx.fetch(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, variant, text_version, address_id, address,
                                   channel_id, sender_id, language, time_zone, variables, hash, due_at)
            SELECT $1, one.contact, 'ready', 'a', $2, one.address, 'c' || one.n || '@customers.test', $3, $4, 'es',
                   'Europe/Madrid', one.variables, one.hash, now()
            FROM unnest($5::bigint[], $6::bigint[], $7::jsonb[], $8::bytea[]) WITH ORDINALITY
                 AS one (contact, address, variables, hash, n)
            RETURNING id
            """,
            made.id,
            said.version,
            channel_id or world.mail.id,
            world.ana,
            contacts,
            addresses,
            values,
            [render(said, one).hash for one in values],
        )
        # The plan's own road (draft … scheduled) is tests/campaigns/test_preparing's; here it simply runs.
        await tx.execute(
            """
            UPDATE campaign SET state = 'running', approved_by = $2,
                   schedule = '{"opens": "00:00:00", "closes": "23:59:59", "weekdays": [0, 1, 2, 3, 4, 5, 6],
                                "skip_holidays": false}'
            WHERE id = $1
            """,
            made.id,
            world.lola,
        )
        await tx.execute("UPDATE quiet_hours SET starts = '00:00', ends = '00:00'")
        await tx.execute("UPDATE gate SET open = true WHERE id = $1", made.gate_id)
    return Sent(made.id, made.gate_id, [row["id"] for row in rows])


def _values(number: int) -> dict[str, Value]:
    return {"contact.first_name": f"Núm{number}", "bought.products": ["Caldera", f"Filtro {number}"]}


async def _people(tx: Tx, count: int) -> tuple[list[int], list[int]]:
    """Contacts and addresses c1…cn@customers.test; the ids in that order. They may be there already."""
    rows = await tx.fetch(
        """
        WITH people AS (
            INSERT INTO contact (id, root_id, name, language, search)
            SELECT id, id, 'Núm' || n || ' Pérez', 'es', 'c' || n FROM (
                SELECT n, nextval('contact_id_seq') AS id FROM generate_series(1, $1) AS n ORDER BY n) AS drawn
            RETURNING id, search
        ), addresses AS (
            INSERT INTO address (type, value, contact_id, name, verified, source, compared)
            SELECT 'email', search || '@customers.test', id, '', true, 'import', true FROM people
            RETURNING id, contact_id, value
        ), agreed AS (
            INSERT INTO consent (address_id, purpose, granted, source, proof)
            SELECT id, 'marketing', true, 'import', 'feria' FROM addresses
        )
        SELECT id, contact_id FROM addresses ORDER BY substring(value FROM '[0-9]+')::int
        """,
        count,
    )
    return [row["contact_id"] for row in rows], [row["id"] for row in rows]


@asynccontextmanager
async def leaving(hub: Hub, pace: Pace = QUICK) -> AsyncIterator[Bulk]:
    """Both roads of campaigns in this process, until the block ends; then they drain.

    What a machine too slow for this pace let go of is taken up again, as in any worker.
    """
    bulk, one_by_one = Bulk(hub, pace), OneByOne(hub, pace)
    tasks = [asyncio.create_task(work) for work in (bulk.run(), one_by_one.run(), _recovering(hub))]
    try:
        yield bulk
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _recovering(hub: Hub) -> None:
    while True:
        await asyncio.sleep(1.0)
        await timers._run(hub, timers.recover_deliveries)
