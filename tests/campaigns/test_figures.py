"""The numbers of a campaign are those of its rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.campaigns import campaigns, figures, recipients, undelivered, unsettled
from hub.plumbing.db import Tx
from tests.world import World

PEOPLE = [  # state, reason, variant, delivery, answered, probable
    ("ready", "", "a", None, False, False),
    ("excluded", "no_consent", "a", None, False, False),
    ("excluded", "held_out", "", None, False, False),
    ("stopped", "reply", "b", None, False, False),
    ("made", "", "a", "sent", True, True),
    ("made", "", "a", "delivered", False, True),
    ("made", "", "b", "failed", False, False),
    ("made", "", "b", "unknown", False, False),
    ("made", "", "b", "sending", False, False),
    ("made", "", "b", "queued", False, False),
]


async def planned(tx: Tx, world: World, campaign_id: int, rows: list[Any]) -> list[int]:
    """Recipients as given, each another person; their contact ids."""
    people = []
    for state, reason, variant, delivery, answered, probable in rows:
        contact = await tx.value(
            "INSERT INTO contact (id, root_id) SELECT n, n FROM nextval('contact_id_seq') n RETURNING id"
        )
        recipient = await tx.value(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, reason, variant, answered_at, probable_at)
            VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, CASE WHEN $7 THEN now() END) RETURNING id
            """,
            campaign_id,
            contact,
            state,
            reason,
            variant,
            answered,
            probable,
        )
        if delivery:
            await tx.execute(
                """
                INSERT INTO delivery (token, recipient_id, channel_id, recipient, state, message_header, code,
                                      sent_at)
                VALUES ($1::text, $2, $3, 'x@y.test', $4, $1, $4, CASE WHEN $4 IN ('sent', 'delivered') THEN now() END)
                """,
                f"t{recipient}",
                recipient,
                world.mail.id,
                delivery,
            )
        people.append(contact)
    return people


async def test_progress_counts_each_recipient_once(tx: Tx, world: World) -> None:
    campaign = await campaigns.create(tx, "Spring", agent_id=world.mario)
    await planned(tx, world, campaign.id, PEOPLE)
    found = await figures.progress(tx, campaign.id)
    assert found.plan == {"ready": 1, "excluded": 2, "stopped": 1}
    assert (found.excluded, found.stopped) == ({"no_consent": 1, "held_out": 1}, {"reply": 1})
    assert (found.in_flight, found.out, found.to_go, found.everybody) == (1, 2, 3, 7)
    assert (found.answered, found.probable, found.held_out) == (1, 1, 1)
    assert (found.a_minute, found.minutes_left) == (2, 2)
    failed = await figures.failures(tx, campaign, found)
    assert sorted((one.state, one.number) for one in failed) == [("failed", 1), ("unknown", 1)]


GROUPS = [
    ["failed"],
    ["unknown"],
    ["failed", "canceled"],
    ["sent", "failed"],
    ["excluded", "stopped"],
    ["stopped"],
    ["ready", "queued", "sending"],
    ["delivered"],
]


async def test_each_group_of_people_is_found_among_those_of_other_campaigns(tx: Tx, world: World) -> None:
    others = await campaigns.create(tx, "Winter", agent_id=world.mario)
    campaign = await campaigns.create(tx, "Spring", agent_id=world.mario)
    for one in PEOPLE:  # their ids lie between each other's
        await planned(tx, world, others.id, [one])
        await planned(tx, world, campaign.id, [one])
    everybody = await recipients.listed(tx, campaign.id)
    assert len(everybody) == len(PEOPLE)
    for states in [[], *GROUPS]:
        for answered in (False, True):
            wanted = [
                one.id
                for one in everybody
                if (not states or one.state in states) and (one.answered_at is not None or not answered)
            ]
            found: list[int] = []
            while page := await recipients.listed(
                tx, campaign.id, states=states, answered=answered, after=found[-1] if found else 0, most=1
            ):
                found += [one.id for one in page]
            assert found == wanted, (states, answered)
    assert [one.delivery_id for one in await unsettled.listed(tx, campaign.id)] == [
        one.delivery_id for one in everybody if one.state == "unknown"
    ]
    await tx.execute(  # behind the gates of both but one, which a person sends again
        """
        UPDATE delivery SET gate_id = k.gate_id FROM recipient r JOIN campaign k ON k.id = r.campaign_id
        WHERE r.id = delivery.recipient_id AND (k.id = $1 OR delivery.state <> 'failed')
        """,
        campaign.id,
    )
    for one in (campaign, others):
        failed = await figures.failures(tx, one, await figures.progress(tx, one.id))
        assert sorted((one.state, one.number) for one in failed) == [("failed", 1), ("unknown", 1)]
    assert sorted((one.campaign_id, one.unknown, one.again) for one in await undelivered.waiting(tx)) == [
        (others.id, 1, 1),
        (campaign.id, 1, 1),
    ]
    [hour] = await figures.by_hour(tx, campaign.id, "Europe/Madrid")
    assert (hour.left, hour.answered) == (2, 1)


async def test_the_groups_of_an_experiment_count_what_was_bought_after_the_send(tx: Tx, world: World) -> None:
    campaign = await campaigns.create(tx, "Spring", agent_id=world.mario)
    people = await planned(tx, world, campaign.id, PEOPLE)
    await tx.execute("UPDATE campaign SET started_at = now() WHERE id = $1", campaign.id)
    product = await tx.value("INSERT INTO product (name) VALUES ('Lamp') RETURNING id")
    for contact, state, when in [
        (people[4], "bought", 1),
        (people[5], "returned", 1),
        (people[2], "bought", -1),
    ]:
        await tx.execute(
            """
            INSERT INTO purchase (contact_id, product_id, state, amount, currency, bought_at)
            VALUES ($1, $2, $3, 10, 'EUR', now() + make_interval(days => $4))
            """,
            contact,
            product,
            state,
            when,
        )
    found = {one.variant: one for one in await figures.arms(tx, await campaigns.load(tx, campaign.id))}
    assert (found["a"].people, found["a"].answered.done, found["a"].bought.done) == (3, 1, 1)
    assert found["a"].money == {"EUR": Decimal("10.00")}
    assert (found[""].people, found[""].bought.done, found[""].money) == (1, 0, {})
    assert (found["b"].people, found["b"].bought.done) == (5, 0), "whoever was meant to get it counts"
