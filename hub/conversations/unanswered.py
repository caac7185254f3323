"""Every answer the customer did not get, or perhaps did not: what a person must decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.channels import connections
from hub.conversations import ways
from hub.conversations.next_step import Step, next_step
from hub.plumbing.clock import now
from hub.plumbing.db import Tx


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that failed or is unknown, and goes on by no other channel by itself.

    `code` and `reason` are worded by deliveries/wording; `root_id`: whose address it went to, if it is known.
    """

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
    channel_name: str
    permanent: bool
    contact_id: int
    root_id: int | None


async def unanswered(
    tx: Tx, agent_id: int, *, mine: bool = False, before: int | None = None, most: int = 50
) -> list[Unanswered]:
    """Newest first, as far as this agent may see; `mine`: only of conversations assigned to them.

    A delivery that another of the same message and recipient has replaced, or that goes on by another
    channel, is not among them.
    """
    return await tx.rows(
        Unanswered,
        f"""
        SELECT d.id AS delivery_id, d.state, d.code, d.reason, d.recipient, d.tries,
               coalesce(d.reported_at, d.sent_at, d.created_at) AS at, conversation.id AS conversation_id,
               m.id AS message_id, conversation.subject, left(m.text, 160) AS preview, g.name AS agent_name,
               n.name AS channel_name, d.permanent, conversation.contact_id, c.root_id
        FROM delivery d
        JOIN message m ON m.id = d.message_id
        JOIN conversation ON conversation.id = m.conversation_id
        JOIN channel n ON n.id = d.channel_id
        LEFT JOIN agent g ON g.id = m.agent_id
        LEFT JOIN address a ON a.id = d.address_id LEFT JOIN contact c ON c.id = a.contact_id
        WHERE {VISIBLE_TO} AND d.message_id IS NOT NULL AND d.state IN ('failed', 'unknown')
          AND ($2::bigint IS NULL OR d.id < $2)
          AND (NOT $3 OR conversation.assignee_id = $1)
          AND NOT EXISTS (SELECT FROM delivery later WHERE later.message_id = d.message_id
                          AND later.recipient = d.recipient AND later.id > d.id)
          AND NOT EXISTS (SELECT FROM delivery next WHERE next.fallback_of = d.id AND next.state <> 'canceled')
        ORDER BY d.id DESC LIMIT $4
        """,
        agent_id,
        before,
        mine,
        most,
    )


async def steps(tx: Tx, found: Sequence[Unanswered]) -> dict[int, Step]:
    """The best thing to do about each, by delivery id."""
    channels = await connections.enabled(tx)
    used: dict[int, set[tuple[int, str]]] = {}
    for row in await tx.fetch(
        "SELECT message_id, channel_id, recipient FROM delivery WHERE message_id = ANY($1)",
        sorted({one.message_id for one in found}),
    ):
        used.setdefault(row["message_id"], set()).add((row["channel_id"], row["recipient"]))
    return {
        one.delivery_id: next_step(
            state=one.state,
            permanent=one.permanent,
            code=one.code,
            ways=ways.decide(
                channels,
                await ways.look_up(tx, channels, one.conversation_id, one.root_id or one.contact_id),
                now(),
            ),
            used=used[one.message_id],
            root_id=one.root_id,
        )
        for one in found
    }
