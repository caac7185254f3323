"""What tests of the plan share: a campaign ready to be prepared, with people of its own, and the workers' turns."""

from __future__ import annotations

from datetime import time

from hub.campaigns import campaigns, preparing, segments, steps
from hub.campaigns.campaigns import Campaign, Change
from hub.campaigns.conditions import Definition, Group, Person
from hub.campaigns.schedule import Schedule
from hub.customers.consent import Wish, record
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.world import World
from workers import campaigning
from workers.todo import Chores

TEXT = "Hola {{ contact.first_name|default('cliente') }}:\nNovedades. Baja: {{ unsubscribe.link }}"
NUMBERS = ("+34600112201", "+34600112202", "+34600112203")
ANY_TIME = Schedule(opens=time(0), closes=time(23, 59), weekdays=(0, 1, 2, 3, 4, 5, 6))


async def draft(
    tx: Tx,
    world: World,
    *,
    text: str = TEXT,
    schedule: Schedule = ANY_TIME,
    steps_after: tuple[int, ...] = (),
    people: str = "cliente",
    **changes: object,
) -> Campaign:
    """Mario's draft to everybody whose job is `people`, from their owners; each step says `text`."""
    await tx.execute("UPDATE quiet_hours SET starts = '00:00', ends = '00:00'")
    made = await campaigns.create(tx, "Otoño", agent_id=world.mario)
    definition = Definition([Group([Person(field="job_title", any_of=[people])])])
    segment = await segments.create(
        tx, name=f"Público {made.id}", definition=definition, agent_id=world.mario
    )
    for days in steps_after:
        await steps.add(tx, made.id, after_days=days, agent_id=world.mario)
    for number in range(1, 2 + len(steps_after)):
        wanted = steps.Wanted(subject=f"Novedades {number}", text=text)
        await steps.say(tx, made.id, wanted, step=number, agent_id=world.mario)
    wish = Change(segment_id=segment.id, channel_ids=[world.mail.id], schedule=schedule, **changes)  # type: ignore[arg-type]
    return await campaigns.change(tx, made.id, wish, agent_id=world.mario)


async def customers(tx: Tx, number: int, *, agreed: bool = True, zone: str = "Europe/Madrid") -> list[int]:
    """So many people called Cliente 1, 2 …, each with a mail address; their contact ids."""
    rows = await tx.fetch(
        """
        WITH made AS (
            INSERT INTO contact (id, root_id, name, job_title, language, time_zone)
            SELECT n, n, 'Cliente ' || n, 'cliente', 'es', $2
            FROM (SELECT nextval('contact_id_seq') AS n FROM generate_series(1, $1)) AS drawn
            RETURNING id
        )
        INSERT INTO address (type, value, contact_id, verified, source, compared)
        SELECT 'email', 'c' || id || '@people.test', id, true, 'import', true FROM made ORDER BY id
        RETURNING id, contact_id
        """,
        number,
        zone,
    )
    if agreed:
        wishes = [
            Wish(address_id=row["id"], purpose="marketing", granted=True, source="import", proof="feria")
            for row in rows
        ]
        await record(tx, wishes)
    return sorted(row["contact_id"] for row in rows)


async def telephones(tx: Tx, contact_ids: list[int]) -> None:
    """Each has one of NUMBERS, and agreed to be written to there."""
    rows = await tx.fetch(
        """
        INSERT INTO address (type, value, contact_id, verified, source, compared)
        SELECT 'phone', one.value, one.id, true, 'import', true
        FROM unnest($1::bigint[], $2::text[]) AS one (id, value) RETURNING id
        """,
        contact_ids,
        list(NUMBERS),
    )
    await record(
        tx, [Wish(address_id=row["id"], purpose="marketing", granted=True, source="import") for row in rows]
    )


async def prepared(hub: Hub, campaign_id: int, world: World) -> Campaign:
    """Begun, and worked on until nothing is left to do."""
    async with hub.transaction() as tx:
        await preparing.begin(tx, campaign_id, world.mario)
    return await worked(hub, campaign_id)


async def worked(hub: Hub, campaign_id: int) -> Campaign:
    """The turns of one worker."""
    chores = Chores(hub, campaigning.KINDS, most=1)
    while await chores.turn():
        pass
    async with hub.transaction() as tx:
        return await campaigns.load(tx, campaign_id)
