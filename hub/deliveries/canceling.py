"""Held deliveries are taken back, all of a message or none; a claim that came first has won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.deliveries.noting import lock
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def cancel_held(tx: Tx, message_id: int) -> dict[str, Any] | None:
    """Cancel a message's deliveries if every one is still held; what an undo restores, or None: too late.

    The rows are locked first, so that worker and person meet in the database and nowhere else (promise 13).
    """
    ids = [row["id"] for row in await tx.fetch("SELECT id FROM delivery WHERE message_id = $1", message_id)]
    rows = await lock(tx, ids)
    if not rows or any(row.state != "held" for row in rows.values()):
        return None
    await tx.execute("UPDATE delivery SET state = 'canceled' WHERE message_id = $1", message_id)
    stored: dict[str, Any] | None = await tx.value(
        "SELECT undo FROM delivery WHERE message_id = $1 ORDER BY id LIMIT 1", message_id
    )
    return stored or {}


async def cancel_if_held(tx: Tx, ids: Sequence[int]) -> list[Changed]:
    """Cancel those of these deliveries that are still held; a claim that came first has won. What changed."""
    if not ids:
        return []
    held = [row for row in (await lock(tx, ids)).values() if row.state == "held"]
    await tx.execute("UPDATE delivery SET state = 'canceled' WHERE id = ANY($1)", [row.id for row in held])
    return [
        Changed(
            id=row.id,
            message_id=row.message_id,
            channel_id=row.channel_id,
            recipient=row.recipient,
            before="held",
            state="canceled",
        )
        for row in held
    ]


async def cancel_following(tx: Tx, ids: Sequence[int]) -> list[Changed]:
    """The same for the held fallbacks of these deliveries, however far down the line."""
    if not ids:
        return []
    rows = await tx.fetch(
        """
        WITH RECURSIVE following AS (
            SELECT id, state FROM delivery WHERE fallback_of = ANY($1)
            UNION
            SELECT d.id, d.state FROM delivery d JOIN following ON d.fallback_of = following.id
        )
        SELECT id FROM following WHERE state = 'held'
        """,
        list(ids),
    )
    return await cancel_if_held(tx, [row["id"] for row in rows])
