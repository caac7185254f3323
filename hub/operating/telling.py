"""Answers and notes of long ago, for the demo: written as if they had been sent then, and never sent now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.conversations.refresh import refresh
from hub.plumbing.db import Tx
from hub.plumbing.ids import token


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One answer (out) or note of the conversation's assignee, at a moment in the past."""

    conversation_id: int
    direction: str
    text: str
    subject: str
    at: datetime
    channel_id: int
    recipient: str
    message_id: str


async def say(tx: Tx, said: Sequence[Said]) -> None:
    """Put these into their conversations; answers get a delivery that arrived."""
    rows = await tx.fetch(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, public, channel_id, agent_id, subject, text,
                             new_text, message_id, recipients, created_at)
        SELECT v.id, v.id, v.last_seq + row_number() OVER (PARTITION BY v.id ORDER BY w.at), w.direction,
               w.direction = 'out',
               CASE WHEN w.direction = 'out' THEN w.channel_id END,
               coalesce(v.assignee_id, (SELECT min(id) FROM agent WHERE role = 'agent')), w.subject, w.text, w.text,
               CASE WHEN w.direction = 'out' THEN w.message_id ELSE '' END,
               jsonb_build_object('to', jsonb_build_array(jsonb_build_object('address', w.recipient, 'name', ''))),
               w.at
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[],
                    $8::text[]) AS w (id, direction, subject, text, at, channel_id, recipient, message_id)
        JOIN conversation v ON v.id = w.id
        RETURNING id, conversation_id, direction, message_id, channel_id, created_at, recipients
        """,
        [one.conversation_id for one in said],
        [one.direction for one in said],
        [one.subject for one in said],
        [one.text for one in said],
        [one.at for one in said],
        [one.channel_id for one in said],
        [one.recipient for one in said],
        [one.message_id for one in said],
    )
    sent = [row for row in rows if row["direction"] == "out"]
    await tx.execute(
        """
        INSERT INTO delivery (token, message_id, channel_id, address_id, recipient, state, message_header, due_at,
                              sent_at, created_at, tries)
        SELECT w.token, w.message_id, w.channel_id, a.id, w.recipient, 'delivered', w.header, w.at, w.at, w.at, 1
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
            AS w (token, message_id, channel_id, recipient, header, at)
        LEFT JOIN address a ON a.value = w.recipient
        """,
        [token() for _ in sent],
        [row["id"] for row in sent],
        [row["channel_id"] for row in sent],
        [row["recipients"]["to"][0]["address"] for row in sent],
        [row["message_id"] for row in sent],
        [row["created_at"] for row in sent],
    )
    await refresh(tx, [one.conversation_id for one in said])


async def close(tx: Tx, closed: Sequence[tuple[int, datetime]]) -> None:
    """These matters ended then, with the history line their agent would have left."""
    ids, moments = [id_ for id_, _ in closed], [at for _, at in closed]
    await tx.execute(
        """
        UPDATE conversation v SET state = 'closed', closed_at = w.at, waiting_since = NULL, close_reason = 'done'
        FROM (SELECT id, max(at) AS at FROM unnest($1::bigint[], $2::timestamptz[]) AS w (id, at) GROUP BY id) AS w
        WHERE v.id = w.id
        """,
        ids,
        moments,
    )
    await tx.execute(
        """
        INSERT INTO history (at, verb, agent_id, conversation_id)
        SELECT w.at, 'closed', v.assignee_id, v.id
        FROM unnest($1::bigint[], $2::timestamptz[]) AS w (id, at) JOIN conversation v ON v.id = w.id
        """,
        ids,
        moments,
    )


async def settle(tx: Tx, ids: Sequence[int]) -> None:
    """Everybody has read what is older than a day, as people would; the newest is still unread."""
    await tx.execute(
        """
        INSERT INTO reading (conversation_id, agent_id, seq)
        SELECT v.id, a.id, v.last_seq FROM conversation v CROSS JOIN agent a
        WHERE v.id = ANY($1) AND v.last_message_at < now() - interval '1 day'
        ON CONFLICT DO NOTHING
        """,
        list(ids),
    )
    await tx.execute(
        """
        UPDATE conversation v SET created_at = first.at
        FROM (SELECT conversation_id, min(created_at) AS at FROM message GROUP BY conversation_id) AS first
        WHERE first.conversation_id = v.id AND v.id = ANY($1)
        """,
        list(ids),
    )
