"""One row a verb: who did what; timeline, notifications and webhooks read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plumbing.db import Tx


async def record(
    tx: Tx,
    verb: str,
    *,
    agent_id: int | None = None,
    conversation_id: int | None = None,
    contact_id: int | None = None,
    account_id: int | None = None,
    **details: Any,
) -> None:
    """Note that `verb` happened (past tense: assigned, closed, joined …); `details` are plain values."""
    await tx.execute(
        """
        INSERT INTO history (verb, agent_id, conversation_id, contact_id, account_id, details)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        verb,
        agent_id,
        conversation_id,
        contact_id,
        account_id,
        details,
    )


async def record_many(
    tx: Tx, verb: str, conversations: Sequence[tuple[int, dict[str, Any]]], *, agent_id: int | None = None
) -> None:
    """The same verb for many conversations, `(id, details)` each, in one statement."""
    await tx.execute(
        """
        INSERT INTO history (verb, agent_id, conversation_id, details)
        SELECT $1, $2, id, details FROM unnest($3::bigint[], $4::jsonb[]) AS given (id, details)
        """,
        verb,
        agent_id,
        [conversation_id for conversation_id, _ in conversations],
        [details for _, details in conversations],
    )
