"""Conversations as a table: what each was about, who had it, how it ended; the messages stay here."""

from __future__ import annotations

from typing import Any

from hub.plumbing.db import Tx
from hub.plumbing.sheets import Sheet

COLUMNS = (
    "id",
    "state",
    "subject",
    "contact",
    "addresses",
    "account",
    "assignee",
    "team",
    "channel",
    "priority",
    "tags",
    "created_at",
    "last_message_at",
    "waiting_since",
    "closed_at",
    "close_reason",
    "close_outcome",
    "messages",
)


async def _conversations(tx: Tx, after: int, most: int) -> list[tuple[int, list[Any]]]:
    rows = await tx.fetch(
        """
        SELECT v.id, v.state, v.subject, r.name AS contact,
               ARRAY(SELECT a.value FROM participant p JOIN address a ON a.id = p.address_id
                     WHERE p.conversation_id = v.id AND p.role <> 'suggested' ORDER BY a.id) AS addresses,
               o.name AS account, g.email AS assignee, t.name AS team, n.name AS channel, v.priority, v.tags,
               v.created_at, v.last_message_at, v.waiting_since, v.closed_at, v.close_reason, v.close_outcome,
               v.last_seq AS messages
        FROM conversation v
        JOIN contact c ON c.id = v.contact_id
        JOIN contact r ON r.id = c.root_id
        JOIN channel n ON n.id = v.channel_id
        LEFT JOIN account o ON o.id = v.account_id
        LEFT JOIN agent g ON g.id = v.assignee_id
        LEFT JOIN team t ON t.id = v.team_id
        WHERE v.id > $1 ORDER BY v.id LIMIT $2
        """,
        after,
        most,
    )
    return [(row["id"], [row[column] for column in COLUMNS]) for row in rows]


async def _count(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM conversation"))


CONVERSATIONS = Sheet(COLUMNS, _count, _conversations)
