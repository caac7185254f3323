"""A campaign was called off: whoever has not got theirs gets nothing, and gives back the place it had taken."""

from __future__ import annotations

from hub.campaigns import caps, outcomes
from hub.deliveries.taking_back import call_off
from hub.plumbing.db import Tx

TODO = "campaign_canceled"
AT_ONCE = 10_000


async def end_waiting(tx: Tx, campaign_id: int, after: int = 0, *, most: int = AT_ONCE) -> int | None:
    """The next some thousands of its people behind the id `after`; the last of them, or None: there are no more.

    Each is looked at once, by key: what was called off before is not read again.
    """
    rows = await tx.fetch(
        """
        SELECT r.id FROM campaign k JOIN recipient r ON r.campaign_id = k.id
        WHERE k.id = $1 AND k.state = 'canceled' AND r.id > $2 ORDER BY r.id LIMIT $3
        """,
        campaign_id,
        after,
        most,
    )
    if not rows:
        return None
    ids = [row["id"] for row in rows]
    await call_off(tx, ids)
    await tx.execute(
        """
        UPDATE recipient SET state = 'stopped', reason = 'called_off'
        FROM (SELECT r.id FROM recipient r WHERE r.id = ANY($1) AND r.state IN ('frozen', 'ready')
              ORDER BY r.id FOR NO KEY UPDATE OF r) AS held
        WHERE recipient.id = held.id
        """,
        ids,
    )
    await caps.give_back_unused(tx, ids)
    last: int = ids[-1]
    return last


async def end_late(tx: Tx, *, most: int = AT_ONCE) -> int:
    """What was on the wire, or just being made, when its campaign was called off may come back: it ends too."""
    rows = await tx.fetch(
        """
        SELECT k.id, d.recipient_id
        FROM campaign k JOIN delivery d ON d.gate_id = k.gate_id AND d.state IN ('held', 'queued')
        WHERE k.state = 'canceled' AND NOT EXISTS (SELECT FROM todo WHERE kind = $1 AND ref = k.id)
        LIMIT $2
        """,
        TODO,
        most,
    )
    if not rows:
        return 0
    ended = await call_off(tx, [row["recipient_id"] for row in rows])
    await caps.give_back(tx, ended)
    await outcomes.soon(tx, {row["id"] for row in rows})
    return len(ended)
