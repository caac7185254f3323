"""What the demo company sells and to whom, who agreed to hear about it, and a campaign waiting to be reviewed."""

from __future__ import annotations

import random
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hub.campaigns import campaigns, segments, steps
from hub.campaigns.campaigns import Change
from hub.campaigns.conditions import Definition
from hub.campaigns.schedule import Schedule
from hub.campaigns.steps import Wanted
from hub.customers import consent, interests, products, purchases
from hub.customers.consent import Wish
from hub.deliveries import quiet_hours
from hub.plumbing.clock import now
from hub.plumbing.db import Tx

YES_OF_TEN = 8


async def load(
    tx: Tx, company: dict[str, Any], agents: dict[str, int], channel_id: int, dice: random.Random
) -> None:
    """Products, what people bought in the last year, their wishes, two segments and a draft of Mario's."""
    wanted = company["campaign"]
    sold = [
        (
            await products.create(
                tx, name=name, category=wanted["category"], price=Decimal(dice.randrange(29, 290))
            )
        ).id
        for name in company["products"]
    ]
    people = await tx.fetch(
        "SELECT c.id, a.id AS address_id FROM contact c JOIN address a ON a.contact_id = c.id ORDER BY a.id"
    )
    for contact_id in sorted({row["id"] for row in people}):
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            await purchases.create(
                tx,
                product_id=dice.choice(sold),
                contact_id=contact_id,
                amount=Decimal(dice.randrange(2900, 89000)) / 100,
                bought_at=now() - timedelta(days=dice.randrange(3, 400)),
            )
    wishes = [
        Wish(
            address_id=row["address_id"],
            purpose="marketing",
            granted=dice.randrange(10) < YES_OF_TEN,
            source="import",
            proof=wanted["proof"],
        )
        for row in people
    ]
    await consent.record(tx, wishes)
    mario = agents["mario"]
    made = [
        await segments.create(
            tx,
            name=one["name"],
            definition=msgspec.convert(one["definition"], Definition, strict=False),
            agent_id=mario,
        )
        for one in wanted["segments"]
    ]
    campaign = await campaigns.create(tx, wanted["name"], agent_id=mario)
    about = [await interests.create(tx, *names, agent_id=mario) for names in wanted["interests"]]
    change = Change(
        segment_id=made[0].id,
        interest_id=about[0].id,
        channel_ids=[channel_id],
        schedule=Schedule(weekdays=tuple(range(7)), opens=time(), closes=time(23, 59)),
    )
    await quiet_hours.change(tx, time(), time())  # who tries the demo at night sees it leave too
    await campaigns.change(tx, campaign.id, change, agent_id=mario)
    words = Wanted(subject=wanted["subject"], text=wanted["text"], html=wanted["html"], short=wanted["short"])
    await steps.say(tx, campaign.id, words, agent_id=mario)
