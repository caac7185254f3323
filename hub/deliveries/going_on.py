"""A delivery that carries another one's message on by a different way: at most one, for ever (INVARIANTS §20)."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def goes_on(tx: Tx, delivery_id: int, after: int) -> None:
    """`delivery_id`, made in this transaction, carries on what `after` did not bring to its reader."""
    await tx.execute("UPDATE delivery SET fallback_of = $2 WHERE id = $1", delivery_id, after)
