"""Our own line works again: what was held because of it leaves now, not after its gap."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def release(tx: Tx, channel_id: int) -> int:
    """Make due what waits for a mended channel; how many."""
    return await tx.execute(
        """
        UPDATE delivery SET due_at = now()
        WHERE id IN (SELECT id FROM delivery
                     WHERE channel_id = $1 AND state = 'queued' AND ours AND due_at > now()
                     ORDER BY id FOR NO KEY UPDATE)
        """,
        channel_id,
    )
