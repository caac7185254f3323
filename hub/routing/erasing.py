"""Why somebody got a conversation is still told when a person in it is erased, without their name and addresses."""

from __future__ import annotations

from hub.plumbing.blotting import Blotting
from hub.plumbing.db import Tx


async def blot(tx: Tx, conversation_id: int, blotting: Blotting) -> None:
    """In every decision about this conversation."""
    rows = await tx.fetch(
        "SELECT id, reason, inputs, candidates FROM decision WHERE conversation_id = $1 ORDER BY id",
        conversation_id,
    )
    for row in rows:
        before = [row["reason"], row["inputs"], row["candidates"]]
        after = [blotting.value(one) for one in before]
        if after != before:
            await tx.execute(
                "UPDATE decision SET reason = $2, inputs = $3, candidates = $4 WHERE id = $1",
                row["id"],
                *after,
            )
