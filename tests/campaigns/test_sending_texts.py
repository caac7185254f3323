"""A campaign on a line that takes each message by itself: its short text, its rights and its gate, over Twilio."""

from __future__ import annotations

import asyncio

from hub.bulk.one_by_one import OneByOne
from hub.campaigns import approving, campaigns, making, steps
from hub.campaigns.campaigns import Change
from hub.channels.errors import Rejected
from hub.customers.consent import Wish, record
from hub.deliveries import gated
from hub.plumbing.clock import monotonic
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import NUMBERS, customers, draft, prepared, telephones, worked
from tests.campaigns.sending import leaving, running
from tests.channels.texting import texting
from tests.deliveries.road import DOMAIN, states
from tests.waiting import until
from tests.world import World
from workers.campaigning import begin_and_end
from workers.todo import Chores

SAID = steps.Wanted(
    subject="Otoño", text="Largo", html="<p>Largo</p>", short="{{ contact.first_name }}, ya es otoño"
)


async def left(hub: Hub, world: World, campaign_id: int, *ends: str) -> None:
    """Approved by Lola, and on its way until every first message has ended so."""
    async with hub.transaction() as tx:
        await approving.approve(tx, campaign_id, total=len(ends), agent_id=world.lola)
    await worked(hub, campaign_id)
    await begin_and_end(hub)
    async with hub.transaction() as tx:
        assert await making.make(tx, "x.test") == len(ends)
    async with leaving(hub):

        async def over() -> bool:
            return sorted((await states(hub)).values()) == sorted(ends)

        await until(over)


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


async def test_who_says_stop_or_cannot_be_reached_gets_no_second_text(hub: Hub, world: World) -> None:
    """The whole road by SMS: one answers BAJA, one said it to Twilio before, one has no telephone any more (30003)."""
    async with texting(hub, world) as texts:
        stopping, before, gone = NUMBERS
        texts.twilio.texts.fates |= {stopping: "delivered", before: "21610", gone: "30005"}
        async with hub.transaction() as tx:
            await telephones(tx, await customers(tx, 3, agreed=False))
            made = await draft(tx, world, steps_after=(3,), text=SAID.short + " {{ unsubscribe.link }}")
            await campaigns.change(tx, made.id, Change(channel_ids=[texts.sms.id]), agent_id=world.mario)
        await prepared(hub, made.id, world)
        await left(hub, world, made.id, "delivered", "failed", "failed")
        assert [one.body.split(" http")[0] for one in texts.twilio.texts.sent_to(stopping)] == [
            "Cliente, ya es otoño"
        ]
        assert (await texts.says("Baja", sender=stopping)).status == 200
        await Chores(hub).turn()
        codes = await hub.pool.fetch("SELECT code FROM delivery WHERE state = 'failed' ORDER BY code")
        assert [row["code"] for row in codes] == ["21610", "30005"]
        later = await hub.pool.fetch(
            "SELECT a.value, r.state, r.reason FROM recipient r JOIN address a ON a.contact_id = r.contact_id"
            " WHERE r.step = 2 AND a.type = 'phone'"
        )
        ended = {row["value"]: (row["state"], row["reason"]) for row in later}
        assert ended == {
            stopping: ("stopped", "reply"),
            before: ("stopped", "bounce"),
            gone: ("stopped", "bounce"),
        }
        refused = await hub.pool.fetch(
            """
            SELECT DISTINCT a.value, c.source FROM consent c JOIN address a ON a.id = c.address_id
            WHERE NOT c.granted ORDER BY 1
            """
        )
        assert {row["value"]: row["source"] for row in refused} == {
            stopping: "word",
            before: "provider",
            gone: "bounce",
        }
