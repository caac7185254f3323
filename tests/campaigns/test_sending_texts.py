"""A campaign on a line that takes each message by itself: its short text, its rights and its gate, over Twilio."""

from __future__ import annotations

from hub.campaigns import steps
from hub.customers.consent import Wish, record
from hub.plumbing.hub import Hub
from tests.campaigns.sending import leaving, running
from tests.channels.texting import texting
from tests.deliveries.road import states, until
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
