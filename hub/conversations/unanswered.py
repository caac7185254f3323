"""Every answer the customer did not get, or perhaps did not: what a person must decide."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that failed or is unknown. `code` and `reason` are worded by deliveries/wording."""

    delivery_id: int
    state: str
    code: str
    reason: str
    recipient: str
    tries: int
    at: datetime
    conversation_id: int
    message_id: int
    subject: str
    preview: str
    agent_name: str | None


async def unanswered(
    tx: Tx, agent_id: int, *, mine: bool = False, before: int | None = None, most: int = 50
) -> list[Unanswered]:
    """Newest first, as far as this agent may see; `mine`: only of conversations assigned to them.

    A delivery that another of the same message and recipient has replaced is not among them.
    """
    return await tx.rows(
        Unanswered,
        f"""
        SELECT d.id AS delivery_id, d.state, d.code, d.reason, d.recipient, d.tries,
               coalesce(d.reported_at, d.sent_at, d.created_at) AS at, conversation.id AS conversation_id,
               m.id AS message_id, conversation.subject, left(m.text, 160) AS preview, g.name AS agent_name
        FROM delivery d
        JOIN message m ON m.id = d.message_id
        JOIN conversation ON conversation.id = m.conversation_id
        LEFT JOIN agent g ON g.id = m.agent_id
        WHERE {VISIBLE_TO} AND d.state IN ('failed', 'unknown') AND ($2::bigint IS NULL OR d.id < $2)
          AND (NOT $3 OR conversation.assignee_id = $1)
          AND NOT EXISTS (SELECT FROM delivery later WHERE later.message_id = d.message_id
                          AND later.recipient = d.recipient AND later.id > d.id)
        ORDER BY d.id DESC LIMIT $4
        """,
        agent_id,
        before,
        mine,
        most,
    )
