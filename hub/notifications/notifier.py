"""Writing down what somebody must hear of, and ringing at their open pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.plumbing.db import Tx


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What happened (a history verb), in which conversation, and who must know."""

    verb: str
    agent_ids: list[int]
    conversation_id: int | None = None
    details: dict[str, Any] = {}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One row, as its person reads it. `by` is the colleague who caused it, empty for the hub itself."""

    id: int
    agent_id: int
    verb: str
    by: str
    conversation_id: int | None
    subject: str


async def notices(tx: Tx, ids: Sequence[int]) -> list[Notice]:
    """These notifications, in no order."""
    return await tx.rows(
        Notice,
        """
        SELECT n.id, n.agent_id, n.verb, n.conversation_id, coalesce(v.subject, '') AS subject,
               coalesce((SELECT name FROM agent WHERE agent.id = (n.details ->> 'by')::bigint), '') AS by
        FROM notification n LEFT JOIN conversation v ON v.id = n.conversation_id
        WHERE n.id = ANY($1::bigint[])
        """,
        list(ids),
    )


async def notify(tx: Tx, news: News) -> list[int]:
    """One row an active agent, and a signal on their own topic; the rows' ids."""
    rows = await tx.fetch(
        """
        INSERT INTO notification (agent_id, verb, conversation_id, details)
        SELECT agent.id, $2, v.id, $4
        FROM agent LEFT JOIN conversation v ON v.id = $3
        WHERE agent.id = ANY($1) AND agent.active AND ($3::bigint IS NULL OR v.id IS NOT NULL)
        ORDER BY agent.id RETURNING id, agent_id
        """,
        news.agent_ids,
        news.verb,
        news.conversation_id,
        news.details,
    )
    for row in rows:
        tx.signal("notification", row["id"], [f"agent:{row['agent_id']}"])
    return [row["id"] for row in rows]
