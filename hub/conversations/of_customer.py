"""The conversations of one customer, newest first, as far as the agent who looks may see them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx

MOST = 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation in a customer's history."""

    id: int
    subject: str
    state: str
    preview: str
    contact_name: str
    assignee_name: str | None
    channel_kind: str
    last_message_at: datetime


_LINES = """
    SELECT conversation.id, conversation.subject, conversation.state, conversation.last_preview AS preview,
           r.name AS contact_name, g.name AS assignee_name, n.kind AS channel_kind, conversation.last_message_at
    FROM conversation
    JOIN contact c ON c.id = conversation.contact_id
    JOIN contact r ON r.id = c.root_id
    JOIN channel n ON n.id = conversation.last_channel_id
    LEFT JOIN agent g ON g.id = conversation.assignee_id
"""


async def of_account(tx: Tx, agent_id: int, account_id: int) -> list[Line]:
    """What was said about one account."""
    return await tx.rows(
        Line,
        f"""
        {_LINES} WHERE {VISIBLE_TO} AND conversation.account_id = $2 AND conversation.joined_into_id IS NULL
        ORDER BY conversation.last_message_at DESC LIMIT {MOST}
        """,
        agent_id,
        account_id,
    )


async def of_contact(tx: Tx, agent_id: int, root_id: int) -> list[Line]:
    """What was said with one person, merged ones included."""
    return await tx.rows(
        Line,
        f"""
        {_LINES} WHERE {VISIBLE_TO} AND c.root_id = $2 AND conversation.joined_into_id IS NULL
        ORDER BY conversation.last_message_at DESC LIMIT {MOST}
        """,
        agent_id,
        root_id,
    )
