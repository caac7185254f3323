"""What waits behind gates and never left is taken back: to be planned again, or for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

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


async def out_of_hours(tx: Tx, *, most: int = 1_000) -> dict[int, int]:
    """What was tried, is to be tried again and whose hours are over, behind open gates: delivery id by recipient id.

    It keeps its delivery, which a bounce may still name. Locked until the end.
    """
    rows = await tx.fetch(
        """
        SELECT d.id, d.recipient_id FROM gate JOIN delivery d ON d.gate_id = gate.id
        WHERE gate.open AND d.state IN ('held', 'queued') AND d.recipient_id IS NOT NULL
          AND (d.started_at IS NOT NULL OR d.tries > 0) AND d.leave_before <= now()
        ORDER BY d.id LIMIT $1 FOR NO KEY UPDATE OF d SKIP LOCKED
        """,
        most,
    )
    return {row["recipient_id"]: row["id"] for row in rows}


async def give_hours(tx: Tx, hours: Mapping[int, tuple[datetime | None, datetime | None]]) -> list[int]:
    """When these deliveries, by id, may leave, and until when; where there is no such hour nothing leaves.

    The recipients of the latter.
    """
    rows = await tx.fetch(
        """
        UPDATE delivery SET due_at = coalesce(w.due_at, delivery.due_at), leave_before = w.ends,
               state = CASE WHEN w.ends IS NULL THEN 'canceled' ELSE state END,
               code = CASE WHEN w.ends IS NULL THEN 'no_hours' ELSE code END
        FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS w (id, due_at, ends)
        WHERE delivery.id = w.id AND delivery.state IN ('held', 'queued')
        RETURNING delivery.recipient_id, delivery.state
        """,
        list(hours),
        [due for due, _ in hours.values()],
        [ends for _, ends in hours.values()],
    )
    return [row["recipient_id"] for row in rows if row["state"] == "canceled"]


async def call_off(tx: Tx, recipient_ids: Sequence[int]) -> list[int]:
    """What waits for these never leaves; whose that was. What is on the wire ends by itself."""
    rows = await tx.fetch(
        """
        UPDATE delivery SET state = 'canceled', code = 'called_off'
        FROM (SELECT id FROM delivery WHERE recipient_id = ANY($1) AND state IN ('held', 'queued')
              ORDER BY id FOR NO KEY UPDATE) AS waiting
        WHERE delivery.id = waiting.id RETURNING delivery.recipient_id
        """,
        list(recipient_ids),
    )
    return [row["recipient_id"] for row in rows]
