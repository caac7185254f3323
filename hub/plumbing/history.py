"""One row a verb: who did what; timeline, notifications and webhooks read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plumbing.blotting import Blotting
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


async def record_contacts(tx: Tx, happened: Sequence[tuple[str, int, int | None, dict[str, Any]]]) -> None:
    """What happened to many people, `(verb, contact id, account id, details)` each, in one statement."""
    if happened:
        await tx.execute(
            """
            INSERT INTO history (verb, contact_id, account_id, details)
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::jsonb[])
            """,
            *(list(column) for column in zip(*happened, strict=True)),
        )


async def blot(tx: Tx, conversation_id: int, blotting: Blotting) -> None:
    """What was done with a conversation is still told, without the words of somebody who is erased."""
    rows = await tx.fetch(
        "SELECT id, details FROM history WHERE conversation_id = $1 ORDER BY id", conversation_id
    )
    for row in rows:
        if (blotted := blotting.value(row["details"])) != row["details"]:
            await tx.execute("UPDATE history SET details = $2 WHERE id = $1", row["id"], blotted)


async def forget(tx: Tx, contact_ids: Sequence[int], account_ids: Sequence[int]) -> None:
    """What was done with these people and accounts."""
    await tx.execute(
        "DELETE FROM history WHERE contact_id = ANY($1) OR account_id = ANY($2)",
        list(contact_ids),
        list(account_ids),
    )
