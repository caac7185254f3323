"""A large campaign is counted by a worker: what pages read of it afterwards (counts)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hub.campaigns import campaigns, comparing, counts, figures, heat, timing, tracking
from hub.campaigns.campaigns import Campaign
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

COUNTS: tuple[tuple[str, bool, Callable[[Tx, Campaign], Awaitable[Any]]], ...] = (
    ("zones", False, timing.zones_now),
    ("arms", True, figures.arms_now),
    ("after", True, comparing.after_now),
    ("week", True, heat.of_now),
    ("links", True, tracking.followed_now),
    ("opened", True, tracking.opened_now),
    ("failures", True, figures.failures_now),
    ("not_sent", True, figures.not_sent_now),
)
"""What, whether only of what has begun, and how."""


async def count(hub: Hub, campaign_id: int) -> None:
    """Each number in a transaction of its own. Raises NotFound."""
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, campaign_id)
    for what, begun, now in COUNTS:
        if campaign.started_at is None and begun:
            continue
        async with hub.transaction() as tx:
            await counts.keep(tx, campaign_id, what, await now(tx, campaign))
