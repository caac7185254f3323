"""Conversations in which two people wrote who were one for a while: unmerging splits none, a person looks at them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx

MOST = 100


class Mixed(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: int
    subject: str
    state: str


async def mixed(tx: Tx, agent_id: int, members: Sequence[int], other_id: int) -> list[Mixed]:
    """Conversations this agent may see that hold messages of `members` and of the person `other_id`, newest first."""
    return await tx.rows(
        Mixed,
        f"""
        WITH sides AS (
            SELECT $2::bigint[] AS one, ARRAY(
                SELECT id FROM contact WHERE root_id = (SELECT root_id FROM contact WHERE id = $3)
                AND id <> ALL ($2)) AS other)
        SELECT conversation.id, conversation.subject, conversation.state FROM conversation, sides
        WHERE {VISIBLE_TO} AND conversation.contact_id = ANY(one || other)
          AND EXISTS (SELECT FROM message m WHERE m.conversation_id = conversation.id AND m.contact_id = ANY(one))
          AND EXISTS (SELECT FROM message m WHERE m.conversation_id = conversation.id AND m.contact_id = ANY(other))
        ORDER BY conversation.last_message_at DESC LIMIT {MOST}
        """,
        agent_id,
        list(members),
        other_id,
    )
