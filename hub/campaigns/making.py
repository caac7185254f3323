"""Deliveries of running campaigns, made at most ten minutes before they are due (INVARIANTS §7).

Any number of workers make them at once; a recipient has one delivery, whatever crashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from hub.campaigns import readiness
from hub.campaigns.timing import Due
from hub.deliveries.queueing import Planned, new_message_id, queue_planned
from hub.plumbing.db import Tx

AHEAD_MINUTES = 10
MOST = 1_000


async def make(tx: Tx, domain: str, *, most: int = MOST) -> int:
    """Make up to `most` deliveries of what is due soon; how many recipients were taken.

    `domain`: of the Message-IDs, which are fixed here, before the first attempt (promise 4).
    """
    rows = await tx.fetch(
        """
        SELECT due.*, c.gate_id, c.interest_id
        FROM campaign c CROSS JOIN LATERAL (
            SELECT r.id, r.campaign_id, r.contact_id, r.channel_id, r.address_id, r.address, r.due_at, r.time_zone
            FROM recipient r
            WHERE r.campaign_id = c.id AND r.state = 'ready' AND r.due_at <= now() + make_interval(mins => $2)
            ORDER BY r.due_at, r.id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        ) AS due
        WHERE c.state = 'running' AND c.timed LIMIT $1
        """,
        most,
        AHEAD_MINUTES,
    )
    if not rows:
        return 0
    going = await readiness.settle(tx, [_due(row) for row in rows])
    await store(tx, domain, [row for row in rows if row["id"] in going], going)
    return len(rows)


async def store(
    tx: Tx, domain: str, rows: Sequence[asyncpg.Record], until: Mapping[int, datetime | None]
) -> None:
    """A delivery each for these recipients (locked rows), and until when it may leave, by recipient."""
    await queue_planned(
        tx,
        [
            Planned(
                recipient_id=row["id"],
                gate_id=row["gate_id"],
                channel_id=row["channel_id"],
                address_id=row["address_id"],
                recipient=row["address"],
                message_header=new_message_id(domain, row["campaign_id"], row["id"]),
                due_at=row["due_at"],
                interest_id=row["interest_id"],
                leave_before=until.get(row["id"]),
            )
            for row in rows
        ],
    )
    made = [row["id"] for row in rows]
    await tx.execute("UPDATE recipient SET state = 'made', made_at = now() WHERE id = ANY($1)", made)


def _due(row: asyncpg.Record) -> Due:
    return Due(
        id=row["id"],
        campaign_id=row["campaign_id"],
        contact_id=row["contact_id"],
        zone=row["time_zone"],
        due_at=row["due_at"],
    )
