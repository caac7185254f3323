"""A campaign beside those before it, and the hours of the week in which people answer it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from hub.campaigns import campaigns, comparing, heat, tracking
from hub.customers.consent import Wish, record
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.campaigns.sending import running
from tests.world import World

SUNDAY = datetime(2026, 3, 29, 0, 50, tzinfo=UTC)
"""Ten minutes before Madrid's clocks jump from two to three; in Mexico it is Saturday evening."""


async def begun(tx: Tx, campaign_id: int, days_ago: int) -> None:
    await tx.execute(
        "UPDATE campaign SET state = 'finished', started_at = now() - make_interval(days => $2) WHERE id = $1",
        campaign_id,
        days_ago,
    )


async def test_the_hours_are_those_of_each_persons_own_clock(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_, people = await planned(tx, world)
        await tx.execute("UPDATE campaign SET started_at = $2 WHERE id = $1", id_, SUNDAY)
        for address, zone, answered in (
            (world.marta_address, "Europe/Madrid", datetime(2026, 3, 29, 1, 10, tzinfo=UTC)),
            (world.jorge_address, "America/Mexico_City", SUNDAY),
        ):
            await tx.execute(
                "UPDATE recipient SET time_zone = $2, answered_at = $3 WHERE id = $1",
                people[address],
                zone,
                answered,
            )
        await tracking.keep_links(tx, id_, 1, ["https://example.test/a", "https://example.test/b"])
        await tx.execute(
            """
            INSERT INTO click (recipient_id, n, times, machine_times, first_at)
            VALUES ($1, 1, 1, 0, $3), ($1, 2, 1, 0, $3 + interval '3 hours'), ($2, 1, 0, 4, $3)
            """,
            people[world.marta_address],
            people[world.jorge_address],
            SUNDAY,
        )
        found = await heat.of(tx, await campaigns.load(tx, id_))
    assert [(one.weekday, one.hour, one.answered, one.clicked) for one in found] == [
        (5, 18, 1, 0),  # Jorge, on Saturday evening; what a machine clicked is nobody's
        (6, 1, 0, 1),  # Marta's first click alone
        (6, 3, 1, 0),  # twenty minutes later it is three
    ]


async def test_campaigns_stand_beside_each_other_by_their_shares(hub: Hub, world: World) -> None:
    """Two people got the first, three the second; who bought or said no counts where it came after the message."""
    async with hub.transaction() as tx:
        before, people = await planned(tx, world, minutes_ago=40 * 24 * 60)
        await begun(tx, before, 40)
        await tx.execute(
            "UPDATE recipient SET answered_at = now() WHERE id = $1", people[world.marta_address]
        )
        product = await tx.value("INSERT INTO product (name) VALUES ('Caldera') RETURNING id")
        await tx.execute(
            """
            INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at)
            SELECT $1, $2, 10, 'EUR', now() - make_interval(days => days) FROM unnest(ARRAY[39, 38, 45, 20]) AS days
            """,
            world.jorge,
            product,
        )
    sent = await running(hub, world, 3)
    async with hub.transaction() as tx:
        await begun(tx, sent.id, 2)
        await tx.execute(
            """
            INSERT INTO delivery (recipient_id, gate_id, channel_id, address_id, recipient, role, token, message_header,
                                  state, purpose, due_at, sent_at)
            SELECT id, $2, channel_id, address_id, address, 'to', 'x' || id, 'x' || id,
                   CASE WHEN address LIKE 'c3@%' THEN 'failed' ELSE 'delivered' END, 'marketing', now(),
                   CASE WHEN address NOT LIKE 'c3@%' THEN now() - interval '1 day' END
            FROM recipient WHERE campaign_id = $1
            """,
            sent.id,
            sent.gate_id,
        )
        await tx.execute("UPDATE recipient SET state = 'made' WHERE campaign_id = $1", sent.id)
        addresses = await tx.fetch(
            "SELECT address_id FROM recipient WHERE campaign_id = $1 ORDER BY id", sent.id
        )
        no = [
            Wish(address_id=row["address_id"], purpose="marketing", granted=False, source="one_click")
            for row in addresses[1:]  # of the third nothing was sent
        ]
        await record(tx, no)
        found = await comparing.beside(tx, await campaigns.load(tx, sent.id))
        alone = await comparing.beside(tx, await campaigns.load(tx, before))
    this, other = found
    assert (this.id, this.sent, this.complete, other.id, other.complete) == (sent.id, 2, False, before, True)
    assert [
        (share.done, share.people) for share in (this.failed, this.answered, this.refused, this.bought)
    ] == [
        (1, 3),
        (0, 2),
        (1, 2),
        (0, 2),
    ]
    assert [(one.done, one.people) for one in (other.answered, other.refused, other.bought)] == [
        (1, 2),
        (0, 2),
        (1, 2),
    ]
    told = {one.measure: one.uplift.verdict for one in comparing.differences(found)}
    assert set(told.values()) == {"few"}, "of so few nothing is concluded"
    assert [one.id for one in alone] == [before]
    assert comparing.differences(alone) == []


async def test_of_enough_people_a_difference_is_told() -> None:
    def one(id_: int, answered: int, clicked: int | None) -> comparing.Compared:
        share = comparing.Share
        return comparing.Compared(
            id=id_,
            name=f"Campaña {id_}",
            started_at=SUNDAY,
            sent=1000,
            failed=share(0, 1000),
            answered=share(answered, 1000),
            clicked=None if clicked is None else share(clicked, 1000),
            refused=share(2, 1000),
            bought=share(1, 1000),
            complete=True,
        )

    found = comparing.differences([one(3, 90, 5), one(2, 40, None), one(1, 50, None)])
    fresh = comparing.differences([msgspec.structs.replace(one(3, 90, 5), complete=False), one(2, 40, None)])
    assert [each.measure for each in fresh] == ["failed", "answered"], "its purchases are still to come"
    told = {each.measure: each.uplift.verdict for each in found}
    assert told == {"failed": "unclear", "answered": "more", "refused": "unclear", "bought": "unclear"}
