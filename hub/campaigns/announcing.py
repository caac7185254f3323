"""Whoever made a campaign and whoever approved it is told what became of it (hub/notifications)."""

from __future__ import annotations

from hub.campaigns.campaigns import Campaign
from hub.plumbing import todo
from hub.plumbing.db import Tx


async def people(tx: Tx, campaign: Campaign) -> list[tuple[int, str]]:
    """Who made it and who approved it, each with their language."""
    rows = await tx.fetch(
        "SELECT id, language FROM agent WHERE id = ANY($1) AND active ORDER BY id = $2 DESC, id",
        [one for one in (campaign.agent_id, campaign.approved_by) if one],
        campaign.agent_id,
    )
    return [(row["id"], row["language"]) for row in rows]


async def announce(tx: Tx, campaign: Campaign, verb: str, *, why: str = "") -> None:
    """`campaign_failing` (it stands still, and why) or `campaign_finished`, after the commit."""
    payload = {
        "verb": verb,
        "agent_ids": [id_ for id_, _language in await people(tx, campaign)],
        "details": {"campaign_id": campaign.id, "campaign": campaign.name, "why": why},
    }
    await todo.add(tx, "notification", campaign.id, payload)
    tx.wake("todo")
