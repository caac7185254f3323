"""A campaign that wrote to the cast, as the plan has it: rows alone, nothing was sent."""

from __future__ import annotations

from hub.campaigns import campaigns
from hub.customers.consent import Wish, record
from hub.plumbing.db import Tx
from tests.world import World


async def planned(tx: Tx, world: World, *, minutes_ago: int = 60) -> tuple[int, dict[int, int]]:
    """Campaign id, and address id → recipient id of its first step, for Marta and Jorge, who both agreed."""
    made = await campaigns.create(tx, "Otoño", agent_id=world.mario)
    recipients = {}
    for contact_id, address_id in ((world.marta, world.marta_address), (world.jorge, world.jorge_address)):
        recipients[address_id] = await tx.value(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, address_id, channel_id, made_at, due_at, variant)
            VALUES ($1, $2, 'made', $3, $4, now() - $5 * interval '1 minute', now() - $5 * interval '1 minute', 'a')
            RETURNING id
            """,
            made.id,
            contact_id,
            address_id,
            world.mail.id,
            minutes_ago,
        )
    await record(
        tx,
        [
            Wish(address_id=one, purpose="marketing", granted=True, source="import", proof="feria")
            for one in recipients
        ],
    )
    return made.id, recipients
