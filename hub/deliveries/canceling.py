"""Held deliveries are taken back, all of a message or none; a claim that came first has won."""

from __future__ import annotations

from typing import Any

from hub.deliveries.noting import lock
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
