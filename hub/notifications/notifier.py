"""Writing down what somebody must hear of, and ringing at their open pages."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.plumbing.db import Tx


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What happened (a history verb), in which conversation, and who must know."""

    verb: str
    agent_ids: list[int]
    conversation_id: int | None = None
    details: dict[str, Any] = {}


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
