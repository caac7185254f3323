"""Deliveries as somebody may read them: with the rights of the conversation their message stands in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery. `at`: the last thing that happened to it; `code` and `reason` for deliveries/wording."""

    id: int
    state: str
    recipient: str
    message_id: int
    conversation_id: int
    channel_id: int
    channel_name: str
    code: str
    reason: str
    tries: int
    fallback_of: int | None
    due_at: datetime
    at: datetime | None


async def listed(
    tx: Tx,
    agent_id: int,
    *,
    state: str | None = None,
    conversation_id: int | None = None,
    channel_id: int | None = None,
    before: int | None = None,
    most: int = 50,
) -> list[HandOver]:
    """Newest first, as far as this agent may see; `before` pages on by id."""
    return await tx.rows(
        HandOver,
        f"""
        {_HAND_OVERS}
        WHERE {VISIBLE_TO} AND ($2::text IS NULL OR d.state = $2)
          AND ($3::bigint IS NULL OR m.conversation_id = $3) AND ($4::bigint IS NULL OR d.channel_id = $4)
          AND ($5::bigint IS NULL OR d.id < $5)
        ORDER BY d.id DESC LIMIT $6
        """,
        agent_id,
        state,
        conversation_id,
        channel_id,
        before,
        most,
    )


async def one(tx: Tx, agent_id: int, delivery_id: int) -> HandOver:
    """One delivery. Raises NotFound, also for what this agent may not know of."""
    found = await tx.row(HandOver, f"{_HAND_OVERS} WHERE {VISIBLE_TO} AND d.id = $2", agent_id, delivery_id)
    if found is None:
        raise NotFound(_("There is no such delivery."))
    return found


_HAND_OVERS = """
    SELECT d.id, d.state, d.recipient, d.message_id, m.conversation_id, d.channel_id, k.name AS channel_name,
           d.code, d.reason, d.tries, d.fallback_of, d.due_at, coalesce(d.reported_at, d.sent_at) AS at
    FROM delivery d
    JOIN message m ON m.id = d.message_id
    JOIN conversation ON conversation.id = m.conversation_id
    JOIN channel k ON k.id = d.channel_id
"""
