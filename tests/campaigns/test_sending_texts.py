"""A campaign on a line that takes each message by itself: its short text, its rights and its gate, over Twilio."""

from __future__ import annotations

import asyncio

from hub.bulk.one_by_one import OneByOne
from hub.campaigns import making, steps
from hub.channels.errors import Rejected
from hub.customers.consent import Wish, record
from hub.deliveries import gated
from hub.plumbing.clock import monotonic
from hub.plumbing.hub import Hub
from tests.campaigns.sending import leaving, running
from tests.channels.texting import texting
from tests.deliveries.road import DOMAIN, states, until
from tests.world import World

SAID = steps.Wanted(
    subject="Otoño", text="Largo", html="<p>Largo</p>", short="{{ contact.first_name }}, ya es otoño"
)


async def test_texts_leave_one_by_one_to_who_agreed(hub: Hub, world: World) -> None:
    async with texting(hub, world, by_itself=False) as texts:
        line = await hub.pool.fetchval("SELECT id FROM channel WHERE kind = 'sms'")
        sent = await running(hub, world, 3, channel_id=line, texts=SAID)
        async with hub.transaction() as tx:
            numbers = [f"+3460011220{n}" for n in range(3)]
            rows = await tx.fetch(
                """
                INSERT INTO address (type, value, contact_id, name, verified, source, compared)
                SELECT 'phone', one.value, r.contact_id, '', true, 'import', true
                FROM unnest($1::bigint[], $2::text[]) AS one (id, value) JOIN recipient r ON r.id = one.id
                RETURNING id, value, contact_id
                """,
                sent.recipients,
                numbers,
            )
            for row in rows:
                await tx.execute(
                    "UPDATE recipient SET address_id = $2, address = $3 WHERE contact_id = $1",
                    row["contact_id"],
                    row["id"],
                    row["value"],
                )
            agreed = [row["id"] for row in rows if row["value"] != numbers[1]]
            wishes = [
                Wish(address_id=id_, purpose="marketing", granted=True, source="import") for id_ in agreed
            ]
            await record(tx, wishes)
        async with leaving(hub):

            async def over() -> bool:
                return sorted((await states(hub)).values()) == ["failed", "sent", "sent"]

            await until(over)
        told = {number: [one.body for one in texts.twilio.texts.sent_to(number)] for number in numbers}
    assert told == {numbers[0]: ["Núm1, ya es otoño"], numbers[1]: [], numbers[2]: ["Núm3, ya es otoño"]}
    assert await hub.pool.fetchval("SELECT code FROM delivery WHERE state = 'failed'") == "no_consent"


async def test_whose_row_is_gone_gets_nothing_and_the_others_theirs(hub: Hub, world: World) -> None:
    """Erased after it was claimed: nobody knows any more what was to be said."""
    sent = await running(hub, world, 1)
    async with hub.transaction() as tx:
        await making.make(tx, DOMAIN)
        [claimed] = await gated.claim(tx, "w", {world.mail.id: 1}, lease_seconds=60)
        await tx.execute("DELETE FROM recipient WHERE id = $1", sent.recipients[0])
    road = OneByOne(hub)
    flushing = asyncio.create_task(road.flusher.run())
    error = await road._departure(claimed, monotonic()).go()
    flushing.cancel()
    assert isinstance(error, Rejected)
    assert tuple(await hub.pool.fetchrow("SELECT state, code FROM delivery")) == ("failed", "changed")
