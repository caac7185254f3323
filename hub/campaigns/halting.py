"""Campaigns after a restore: none goes on by itself, and who was due since the backup perhaps got theirs."""

from __future__ import annotations

from datetime import datetime

from hub.campaigns import campaigns, doubting, making, preparing
from hub.plumbing.db import Tx

MOST = 1_000


async def halt(tx: Tx, domain: str, why: str, taken_at: datetime) -> int:
    """Pause or take back every campaign under way, after making deliveries of all that was due; how many campaigns.

    What is made here is put in doubt with everything else that waited (deliveries/recovering.doubt_waiting). Whoever
    lets another one begin or go on says first to how many it perhaps wrote since `taken_at` (doubting).
    """
    await doubting.begin(tx, taken_at)
    rows = await tx.fetch(
        "SELECT id FROM campaign WHERE state IN ('preparing', 'scheduled', 'running') ORDER BY id FOR NO KEY UPDATE"
    )
    ids = [row["id"] for row in rows]
    while await _make_overdue(tx, domain, ids):
        pass
    for id_ in ids:
        campaign = await campaigns.lock(tx, id_)
        if campaign.state == "preparing":
            await preparing.back_to_draft(tx, id_, None, why=why)
        else:
            await campaigns.move(tx, campaign, "paused", who="worker", why=why)
    await tx.execute(
        "UPDATE campaign SET why = $1 WHERE state IN ('draft', 'prepared', 'paused') AND why = ''", why
    )
    return len(ids)


async def _make_overdue(tx: Tx, domain: str, campaign_ids: list[int]) -> int:
    """Deliveries of up to a thousand whose moment has come: perhaps they were made after the backup; how many."""
    rows = await tx.fetch(
        """
        SELECT r.id, r.campaign_id, r.channel_id, r.address_id, r.address, r.due_at, c.gate_id, c.interest_id
        FROM recipient r JOIN campaign c ON c.id = r.campaign_id
        WHERE c.id = ANY($1) AND c.state <> 'preparing' AND r.state = 'ready' AND r.due_at <= now()
        ORDER BY r.id LIMIT $2 FOR NO KEY UPDATE OF r
        """,
        campaign_ids,
        MOST,
    )
    await making.store(tx, domain, rows, {})
    return len(rows)
