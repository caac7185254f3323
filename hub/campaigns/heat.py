"""At which hour of which weekday people answer and follow links, on their own clocks."""

from __future__ import annotations

from collections import Counter

import msgspec

from hub.campaigns import counts
from hub.campaigns.campaigns import Campaign
from hub.campaigns.local_time import zone_of
from hub.plumbing.db import Tx

MOST_DAYS = 60
"""So long after a campaign began what people do still belongs to it."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of the week. `weekday`: Monday is 0. How many people answered then, and how many first clicked."""

    weekday: int
    hour: int
    answered: int
    clicked: int


async def of(tx: Tx, campaign: Campaign) -> list[Cell]:
    """Those with anybody in them, in the order of the week. Without a time zone: the campaign's own."""
    return await counts.of(tx, campaign, "week", list[Cell], of_now) or []


async def of_now(tx: Tx, campaign: Campaign) -> list[Cell]:
    """The same, counted.

    The database counts by quarters of an hour, which every zone's hours begin with; whose hour that is, is reckoned
    here (INVARIANTS §21).
    """
    rows = await tx.fetch(
        """
        SELECT coalesce(time_zone, '') AS zone, what, date_bin('15 minutes', at, '2000-01-01') AS at, count(*) AS n
        FROM (
            SELECT r.time_zone, 'answered' AS what, r.answered_at AS at FROM recipient r
            WHERE r.campaign_id = $1 AND r.answered_at IS NOT NULL
            UNION ALL
            SELECT min(r.time_zone), 'clicked', min(k.first_at) FROM click k
            JOIN recipient r ON r.id = k.recipient_id AND r.campaign_id = $1
            WHERE k.times > 0
              AND k.recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = $1)
                                     AND (SELECT max(id) FROM recipient WHERE campaign_id = $1)
            GROUP BY k.recipient_id) AS happened
        WHERE at < $2::timestamptz + make_interval(days => $3)
        GROUP BY 1, 2, 3
        """,
        campaign.id,
        campaign.started_at,
        MOST_DAYS,
    )
    found: Counter[tuple[int, int, str]] = Counter()
    for row in rows:
        there = row["at"].astimezone(zone_of(row["zone"], campaign.schedule.fallback_zone))
        found[there.weekday(), there.hour, row["what"]] += row["n"]
    return [
        Cell(
            weekday=weekday,
            hour=hour,
            answered=found[weekday, hour, "answered"],
            clicked=found[weekday, hour, "clicked"],
        )
        for weekday, hour in sorted({(weekday, hour) for weekday, hour, _what in found})
    ]
