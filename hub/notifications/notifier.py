"""Writing down what somebody must hear of, ringing at their open pages, and what of it they have seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx

MOST = 100  # shown as 99+


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
    details: dict[str, Any]
    at: datetime
    seen_at: datetime | None


async def notices(tx: Tx, ids: Sequence[int]) -> list[Notice]:
    """These notifications, in no order."""
    return await tx.rows(Notice, f"{_SELECTED} WHERE n.id = ANY($1::bigint[])", list(ids))


async def latest(tx: Tx, agent_id: int, *, before: int | None = None, most: int = 50) -> list[Notice]:
    """What this agent was told, newest first; nothing of conversations they may no longer see."""
    return await tx.rows(
        Notice,
        f"""
        {_SELECTED} WHERE n.agent_id = $1 AND ($2::bigint IS NULL OR n.id < $2)
          AND (n.conversation_id IS NULL OR {VISIBLE_TO})
        ORDER BY n.id DESC LIMIT $3
        """,
        agent_id,
        before,
        most,
    )


async def unseen(tx: Tx, agent_id: int) -> int:
    """How many they have not looked at, at most MOST."""
    counted: int = await tx.value(
        f"""
        SELECT count(*) FROM (
            SELECT FROM notification n LEFT JOIN conversation ON conversation.id = n.conversation_id
            WHERE n.agent_id = $1 AND n.seen_at IS NULL AND (n.conversation_id IS NULL OR {VISIBLE_TO})
            LIMIT {MOST}) x
        """,
        agent_id,
    )
    return counted


async def see(tx: Tx, agent_id: int, *, up_to: int | None = None, conversation_id: int | None = None) -> None:
    """They have seen all of theirs up to an id, or those of one conversation."""
    seen = await tx.execute(
        """
        UPDATE notification SET seen_at = now()
        WHERE agent_id = $1 AND seen_at IS NULL AND ($2::bigint IS NULL OR id <= $2)
          AND ($3::bigint IS NULL OR conversation_id = $3)
        """,
        agent_id,
        up_to,
        conversation_id,
    )
    if seen:
        tx.signal("notices", agent_id, [f"agent:{agent_id}"])  # the number beside the bell


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


_SELECTED = """
    SELECT n.id, n.agent_id, n.verb, n.conversation_id, coalesce(conversation.subject, '') AS subject, n.details,
           n.at, n.seen_at,
           coalesce((SELECT name FROM agent WHERE agent.id = (n.details ->> 'by')::bigint), '') AS by
    FROM notification n LEFT JOIN conversation ON conversation.id = n.conversation_id
"""
