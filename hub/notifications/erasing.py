"""Notices that name an erased person are deleted: whoever got them has read them long ago."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx


async def forget(tx: Tx, needles: Sequence[str], *, conversation_id: int | None = None) -> int:
    """Those in which one of these words stands: of this conversation, or of all without one. How many."""
    return await tx.execute(
        """
        DELETE FROM notification
        WHERE conversation_id IS NOT DISTINCT FROM $2
          AND EXISTS (SELECT FROM unnest($1::text[]) AS n (words) WHERE strpos(lower(details::text), n.words) > 0)
        """,
        list(needles),
        conversation_id,
    )
