"""What a dead worker left behind: claimed goes back, sending becomes *perhaps sent*, nothing is sent blindly."""

from __future__ import annotations

from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def recover(tx: Tx, *, most: int = 500) -> list[Changed]:
    """Settle deliveries whose lease is over, by PostgreSQL's clock (INVARIANTS §6); what changed.

    *claimed*: nothing was on the wire → queued. *sending*: perhaps → unknown, for a person or a report.
    """
    changed = await tx.rows(
        Changed,
        """
        WITH abandoned AS MATERIALIZED (
            SELECT id, state FROM delivery
            WHERE state IN ('claimed', 'sending') AND lease_until < now()
            ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE delivery SET
            state = CASE abandoned.state WHEN 'claimed' THEN 'queued' ELSE 'unknown' END,
            code = CASE abandoned.state WHEN 'claimed' THEN code ELSE 'lease_over' END,
            tries = CASE abandoned.state WHEN 'claimed' THEN tries ELSE tries + 1 END,
            lease_until = NULL
        FROM abandoned WHERE delivery.id = abandoned.id
        RETURNING delivery.id, message_id, channel_id, recipient, abandoned.state AS before, delivery.state,
                  permanent, ours, code, reason, recipient_id
        """,
        most,
    )
    if any(one.state == "queued" for one in changed):
        tx.wake("deliver")
    return changed


async def doubt_waiting(tx: Tx, why: str) -> int:
    """After a restore: what waits in a backup perhaps left since, so a person decides; how many.

    The table of states has no such step: no worker may ever take it.
    """
    return await tx.execute(
        """
        UPDATE delivery SET state = 'unknown', code = 'restored', reason = $1, lease_until = NULL, attempt = attempt + 1
        WHERE state IN ('held', 'queued', 'claimed', 'sending')
        """,
        why,
    )
