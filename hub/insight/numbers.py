"""The few numbers an operator's monitoring asks for, counted where an index makes it cheap."""

from __future__ import annotations

import msgspec

from hub.plumbing.db import Tx

MINUTES = 5
OPEN = ("held", "queued", "claimed", "sending", "failed", "unknown")
OUTCOMES = ("stored", "duplicate", "ignored", "unreadable")


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that are not settled by state, and the seconds the oldest is overdue; arrivals of the last
    MINUTES by outcome, and how many lie in quarantine; things that were due 5 s ago and are not done."""

    deliveries: dict[str, int]
    overdue_seconds: float
    arrivals: dict[str, int]
    quarantined: int
    todo: int


async def count(tx: Tx) -> Numbers:
    """Count now. Settled deliveries and old arrivals are not counted: that would read whole tables."""
    row = await tx.record(
        """
        SELECT (SELECT count(*) FROM todo WHERE due_at < now() - interval '5 seconds') AS todo,
               (SELECT count(*) FROM arrival WHERE outcome = 'unreadable') AS quarantined,
               (SELECT greatest(0, extract(epoch FROM now() - min(oldest.due_at)))::float
                FROM channel, LATERAL (SELECT due_at FROM delivery
                                       WHERE delivery.channel_id = channel.id AND state IN ('held', 'queued')
                                       ORDER BY due_at LIMIT 1) AS oldest) AS overdue
        """
    )
    assert row is not None
    return Numbers(
        deliveries=dict.fromkeys(OPEN, 0) | await _deliveries(tx),
        overdue_seconds=row["overdue"] or 0.0,
        arrivals=dict.fromkeys(OUTCOMES, 0) | await _arrivals(tx),
        quarantined=row["quarantined"],
        todo=row["todo"],
    )


async def _deliveries(tx: Tx) -> dict[str, int]:
    rows = await tx.fetch(
        """
        SELECT state, count(*) AS n FROM delivery WHERE state IN ('held', 'queued') GROUP BY state
        UNION ALL SELECT state, count(*) FROM delivery WHERE state IN ('claimed', 'sending') GROUP BY state
        UNION ALL SELECT state, count(*) FROM delivery WHERE state IN ('failed', 'unknown') GROUP BY state
        """
    )
    return {row["state"]: row["n"] for row in rows}


async def _arrivals(tx: Tx) -> dict[str, int]:
    rows = await tx.fetch(
        """
        SELECT outcome, count(*) AS n FROM arrival
        WHERE received_at > now() - make_interval(mins => $1) GROUP BY outcome
        """,
        MINUTES,
    )
    return {row["outcome"]: row["n"] for row in rows}
