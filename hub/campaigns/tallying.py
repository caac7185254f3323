"""The numbers of a campaign are sums of what each change of its rows added; a sweep keeps these sums few.

Triggers of the schema add the rows (docs/decisions/014-campaigns-are-tallied.md), whoever freezes a plan adds its own.
"""

from __future__ import annotations

import msgspec

from hub.plumbing.db import Tx

MOST = 50
"""Campaigns of one turn."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many recipients (`what` plan) or deliveries of a campaign stand so; `heard`: answered, probable or ""."""

    what: str
    step: int
    state: str
    reason: str
    heard: str
    n: int


async def of(tx: Tx, campaign_id: int) -> list[Tally]:
    """All numbers of a campaign but those by time, none of them 0. Of a plan that is being thrown away: none."""
    return await tx.rows(
        Tally,
        """
        SELECT what, step, state, reason, heard, sum(n)::bigint AS n FROM campaign_tally
        WHERE campaign_id = $1 AND what IN ('plan', 'delivery')
          AND EXISTS (SELECT FROM campaign WHERE id = $1 AND empty_until IS NULL)
        GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5
        """,
        campaign_id,
    )


async def ready(tx: Tx, campaign_id: int, *, step: int = 1) -> int:
    """How many of a step are to get their message."""
    found = await of(tx, campaign_id)
    return sum(one.n for one in found if (one.what, one.step, one.state) == ("plan", step, "ready"))


async def lately(tx: Tx, campaign_id: int) -> int:
    """How many left in the last minute, to ten seconds."""
    left: int = await tx.value(
        """
        SELECT coalesce(sum(n), 0)::bigint FROM campaign_tally
        WHERE campaign_id = $1 AND what = 'left' AND at > now() - interval '1 minute'
        """,
        campaign_id,
    )
    return left


async def frozen(tx: Tx, campaign_id: int, people: int) -> None:
    """A plan of so many people was written, a row for each step."""
    await tx.execute(
        """
        INSERT INTO campaign_tally (campaign_id, what, step, state, n)
        SELECT campaign_id, 'plan', step, 'frozen', $2 FROM campaign_step WHERE campaign_id = $1
        """,
        campaign_id,
        people,
    )


async def settle(tx: Tx) -> int:
    """Sum up what was added to some campaigns; how many rows it took. Another sweep that is at it is left alone: 0.

    What left more than a quarter of an hour ago is kept by quarters: nobody asks for more (figures.by_hour).
    """
    if not await tx.value("SELECT pg_try_advisory_xact_lock(hashtext('campaigns/tallying'))"):
        return 0
    rows = await tx.fetch(
        "SELECT DISTINCT campaign_id FROM campaign_tally WHERE NOT summed ORDER BY 1 LIMIT $1", MOST
    )
    taken: int = await tx.value(
        """
        WITH taken AS (
            DELETE FROM campaign_tally
            WHERE campaign_id = ANY($1)
              AND (NOT summed OR what IN ('plan', 'delivery') OR at > now() - interval '1 hour')
            RETURNING campaign_id, what, step, state, reason, heard, n,
                      CASE WHEN what = 'left' AND at < now() - interval '15 minutes'
                           THEN date_bin('15 minutes', at, 'epoch') ELSE at END AS at
        ), kept AS (
            INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, at, n, summed)
            SELECT campaign_id, what, step, state, reason, heard, at, sum(n), true
            FROM taken GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0
        )
        SELECT count(*) FROM taken
        """,
        [row["campaign_id"] for row in rows],
    )
    return taken
