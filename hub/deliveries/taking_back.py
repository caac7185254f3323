"""What waits behind gates and never left is taken back: to be planned again, or for good."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx

AT_ONCE = 5_000


async def take_back(tx: Tx, *, gate_id: int | None = None, most: int = AT_ONCE) -> list[int]:
    """Deliveries whose hours are over before anything was tried are no more; whom they were for, by recipient id.

    Behind this gate, or behind any open one.
    """
    rows = await tx.fetch(
        """
        DELETE FROM delivery USING (
            SELECT d.id FROM gate JOIN delivery d ON d.gate_id = gate.id
            WHERE (gate.id = $1 OR $1::bigint IS NULL AND gate.open) AND d.state IN ('held', 'queued')
              AND d.started_at IS NULL AND d.tries = 0 AND d.leave_before <= now()
            ORDER BY d.id LIMIT $2 FOR UPDATE OF d SKIP LOCKED) AS late
        WHERE delivery.id = late.id RETURNING delivery.recipient_id
        """,
        gate_id,
        most,
    )
    return sorted(row["recipient_id"] for row in rows)


async def take_back_of(tx: Tx, recipient_ids: Sequence[int]) -> list[int]:
    """The same for these recipients, whatever their hours, where nothing was tried yet; whose were taken back."""
    rows = await tx.fetch(
        """
        DELETE FROM delivery USING (
            SELECT id FROM delivery
            WHERE recipient_id = ANY($1) AND state IN ('held', 'queued') AND started_at IS NULL AND tries = 0
            ORDER BY id FOR UPDATE SKIP LOCKED) AS waiting
        WHERE delivery.id = waiting.id RETURNING delivery.recipient_id
        """,
        list(recipient_ids),
    )
    return sorted(row["recipient_id"] for row in rows)


async def call_off(tx: Tx, gate_id: int) -> int:
    """Nothing that waits behind the gate leaves any more; how many that were. What is on the wire ends by itself."""
    return await tx.execute(
        """
        UPDATE delivery SET state = 'canceled', code = 'called_off'
        FROM (SELECT id FROM delivery WHERE gate_id = $1 AND state IN ('held', 'queued')
              ORDER BY id FOR NO KEY UPDATE) AS waiting
        WHERE delivery.id = waiting.id
        """,
        gate_id,
    )
