"""Whoever made a campaign and whoever approved it is told what became of it (hub/notifications)."""

from __future__ import annotations

from collections.abc import Callable

from hub.campaigns import campaigns
from hub.campaigns.campaigns import Campaign
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.texts import DEFAULT, speaking


async def halted(tx: Tx, campaign: Campaign, why: Callable[[], str]) -> None:
    """It pauses by itself; `why` is said in the language of whoever made it, or else approved it."""
    people = await _people(tx, campaign)
    with speaking(people[0][1] if people else DEFAULT):
        words = why()
    await campaigns.move(tx, campaign, "paused", who="worker", why=words)
    await announce(tx, campaign, "campaign_failing", why=words)


async def announce(tx: Tx, campaign: Campaign, verb: str, *, why: str = "") -> None:
    """`campaign_failing` (it stands still, and why) or `campaign_finished`, after the commit."""
    payload = {
        "verb": verb,
        "agent_ids": [id_ for id_, _language in await _people(tx, campaign)],
        "details": {"campaign_id": campaign.id, "campaign": campaign.name, "why": why},
    }
    await todo.add(tx, "notification", campaign.id, payload)
    tx.wake("todo")


async def _people(tx: Tx, campaign: Campaign) -> list[tuple[int, str]]:
    """Who made it and who approved it, each with their language."""
    rows = await tx.fetch(
        "SELECT id, language FROM agent WHERE id = ANY($1) AND active ORDER BY id = $2 DESC, id",
        [one for one in (campaign.agent_id, campaign.approved_by) if one],
        campaign.agent_id,
    )
    return [(row["id"], row["language"]) for row in rows]
