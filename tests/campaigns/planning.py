"""A campaign that wrote to the cast: its rows, as they stand once both mails have left."""

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
        await tx.execute(
            """
            INSERT INTO delivery (recipient_id, gate_id, channel_id, address_id, recipient, role, token, message_header,
                                  state, purpose, due_at, sent_at)
            SELECT r.id, c.gate_id, r.channel_id, r.address_id, a.value, 'to', 't' || r.id,
                   'c.' || r.id || '@dialogo.test', 'sent', 'marketing', r.due_at, r.due_at
            FROM recipient r JOIN campaign c ON c.id = r.campaign_id JOIN address a ON a.id = r.address_id
            WHERE r.id = $1
            """,
            recipients[address_id],
        )
    await record(
        tx,
        [
            Wish(address_id=one, purpose="marketing", granted=True, source="import", proof="feria")
            for one in recipients
        ],
    )
    return made.id, recipients
