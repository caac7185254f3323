"""Spam and automatic mail stands aside: kept and searchable, nobody's work; one key brings it back."""

from __future__ import annotations

from hub.conversations.holding import Held, hold_alone, note, tell
from hub.conversations.refresh import refresh
from hub.plumbing import todo
from hub.plumbing.db import Tx


async def put_aside(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """Out of everybody's way. Raises NotFound, Conflict (joined into another)."""
    before = await hold_alone(tx, conversation_id)
    if before.state == "aside":
        return before
    await tx.execute(
        """
        UPDATE conversation
        SET state = 'aside', waiting_since = NULL, snoozed_until = NULL, closed_at = NULL, version = version + 1
        WHERE id = $1
        """,
        conversation_id,
    )
    await note(tx, "put_aside", before, agent_id)
    return await tell(tx, before)


async def bring_back(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """It was meant for us after all: open again, and routed if nobody has it. Raises NotFound, Conflict."""
    before = await hold_alone(tx, conversation_id)
    if before.state != "aside":
        return before
    await tx.execute(
        "UPDATE conversation SET state = 'open', version = version + 1 WHERE id = $1", conversation_id
    )
    await note(tx, "brought_back", before, agent_id)
    await refresh(tx, [conversation_id])
    if before.assignee_id is None:
        await todo.add(tx, "route", conversation_id)
        tx.wake("todo")
    return await tell(tx, before)
