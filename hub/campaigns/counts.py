"""What takes seconds to count of a large campaign: a worker counts it now and then, and pages read what it found.

How far a campaign is costs nothing at any size (tallying); who bought after it, or at which moments each zone begins,
is a look at every one of its people.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from hub.campaigns.campaigns import Campaign
from hub.plumbing import todo
from hub.plumbing.db import Tx

TODO = "campaign_count"
LARGE = 20_000
"""People; of a smaller campaign everything is counted when it is asked for."""
EVERY_MINUTES = 10
DAYS, LATER_DAYS = 15, 60
"""So long after its beginning each EVERY_MINUTES, then once a day: purchases are brought in late."""
AT_ONCE = 5
LONGEST_SECONDS = 600.0
"""Of one statement, which is a worker's."""
T = TypeVar("T")


async def read(tx: Tx, campaign: Campaign, what: str, shape: type[T]) -> T | None:
    """What was counted last of a large campaign; None: nothing was yet."""
    found = await tx.record(
        "SELECT value FROM campaign_count WHERE campaign_id = $1 AND what = $2", campaign.id, what
    )
    return None if found is None else msgspec.convert(found["value"], shape, strict=False)


async def of(
    tx: Tx, campaign: Campaign, what: str, shape: type[T], now: Callable[[Tx, Campaign], Awaitable[T]]
) -> T | None:
    """Counted now, or of a large campaign what was counted last; None: nothing was yet."""
    return await read(tx, campaign, what, shape) if campaign.total > LARGE else await now(tx, campaign)


async def or_now(
    tx: Tx, campaign: Campaign, what: str, shape: type[T], now: Callable[[Tx, Campaign], Awaitable[T]]
) -> T:
    """The same, of what a page may count itself before anybody did."""
    kept = await of(tx, campaign, what, shape, now)
    return await now(tx, campaign) if kept is None else kept


async def keep(tx: Tx, campaign_id: int, what: str, value: Any) -> None:
    """What was just counted."""
    await tx.execute(
        """
        INSERT INTO campaign_count (campaign_id, what, value) VALUES ($1, $2, $3)
        ON CONFLICT (campaign_id, what) DO UPDATE SET value = EXCLUDED.value, at = now()
        """,
        campaign_id,
        what,
        msgspec.to_builtins(value, str_keys=True),
    )


async def forget(tx: Tx, campaign_id: int) -> None:
    """Its plan is another."""
    await tx.execute("DELETE FROM campaign_count WHERE campaign_id = $1", campaign_id)


async def soon(tx: Tx, campaign_id: int) -> None:
    """Count it as soon as a worker can."""
    await todo.add(tx, TODO, campaign_id)
    tx.wake("todo")


async def ask(tx: Tx) -> list[int]:
    """Whose counts are old enough to be counted again: a worker is asked to."""
    rows = await tx.fetch(
        """
        SELECT id FROM campaign
        LEFT JOIN campaign_count k ON k.campaign_id = campaign.id AND k.what = 'asked'
        WHERE total > $1 AND started_at > now() - make_interval(days => $4)
          AND (k.at IS NULL OR k.at < now() - CASE WHEN started_at > now() - make_interval(days => $3)
               THEN make_interval(mins => $2) ELSE interval '1 day' END)
        ORDER BY k.at NULLS FIRST, id DESC LIMIT $5
        """,
        LARGE,
        EVERY_MINUTES,
        DAYS,
        LATER_DAYS,
        AT_ONCE,
    )
    for row in rows:
        await keep(tx, row["id"], "asked", None)
        await soon(tx, row["id"])
    return [row["id"] for row in rows]


async def counted_at(tx: Tx, campaign: Campaign) -> datetime | None:
    """When what pages show of a large campaign was counted; None for a small one, or before it was."""
    at: datetime | None = await tx.value(
        """
        SELECT min(at) FROM campaign_count
        WHERE campaign_id = $1 AND what IN ('arms', 'after', 'links', 'opened', 'failures', 'not_sent')
        """,
        campaign.id,
    )
    return at
