"""What a visitor may see of a chat: what they said in their own session, and what was sent to it. Nothing else, ever.

Public messages only (INVARIANTS §8, §13): no note, no mail of the same conversation, no colleague's chat, whatever
a merge or a join puts beside it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.conversations.chats import Session
from hub.plumbing.db import Tx

MOST_SHOWN = 60


class ChatFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message as its visitor sees it."""

    token: str
    name: str
    type: str
    size: int


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `who`: the first name of who answered; `seen`: by the other side."""

    id: int
    out: bool
    text: str
    at: datetime
    who: str
    seen: bool
    client_id: str
    files: list[ChatFile]


class StoredChatFile(ChatFile, frozen=True, kw_only=True):
    """The same with the key of its content in the file store."""

    file: str


_ROOMS = """
    WITH mine AS (SELECT id FROM address WHERE type = $4 AND value = ANY($2)),
    own AS (
        SELECT conversation_id AS id FROM message WHERE address_id IN (SELECT id FROM mine)
        UNION SELECT conversation_id FROM thread_key WHERE channel_id = $1 AND key = $3
    ), rooms AS (
        SELECT id FROM own UNION SELECT joined_into_id FROM conversation WHERE id IN (SELECT id FROM own)
    )
"""
_SHOWN = (
    _ROOMS
    + """
    , shown AS (
        SELECT m.id, m.conversation_id, m.seq, m.direction, m.text, m.created_at, m.agent_id, m.arrival_id,
               d.state
        FROM message m
        LEFT JOIN LATERAL (SELECT state FROM delivery WHERE message_id = m.id AND channel_id = $1
                             AND recipient = ANY($2) ORDER BY id DESC LIMIT 1) AS d ON true
        WHERE m.conversation_id IN (SELECT id FROM rooms) AND m.channel_id = $1 AND m.public
          AND ((m.direction = 'in' AND m.address_id IN (SELECT id FROM mine))
               OR (m.direction = 'out' AND d.state IN ('sending', 'sent', 'delivered', 'read', 'unknown')))
    )
"""
)


async def shown(tx: Tx, session: Session, address_type: str, *, most: int = MOST_SHOWN) -> list[ChatMessage]:
    """The last messages, oldest first."""
    rows = await tx.fetch(
        _SHOWN
        + """
        SELECT s.id, s.direction = 'out' AS out, s.text, s.created_at AS at,
               coalesce(split_part(g.name, ' ', 1), '') AS who,
               CASE WHEN s.direction = 'out' THEN s.state = 'read'
                    ELSE EXISTS (SELECT FROM reading r WHERE r.conversation_id = s.conversation_id AND r.seq >= s.seq)
               END AS seen,
               coalesce((SELECT envelope ->> 'client_id' FROM arrival WHERE arrival.id = s.arrival_id), '')
                   AS client_id,
               ARRAY(SELECT jsonb_build_object('token', a.token, 'name', a.name, 'type', a.type, 'size', a.size)
                     FROM attachment a WHERE a.message_id = s.id ORDER BY a.id) AS files
        FROM shown s LEFT JOIN agent g ON g.id = s.agent_id ORDER BY s.id DESC LIMIT $5
        """,
        session.channel_id,
        session.addresses,
        session.name,
        address_type,
        most,
    )
    return [msgspec.convert(dict(row), ChatMessage) for row in reversed(rows)]


async def file(tx: Tx, session: Session, address_type: str, name: str) -> StoredChatFile | None:
    """A file of a message this visitor may see, by its token."""
    return await tx.row(
        StoredChatFile,
        _SHOWN
        + """
        SELECT a.token, a.name, a.type, a.size, a.file FROM attachment a
        WHERE a.token = $5 AND a.message_id IN (SELECT id FROM shown)
        """,
        session.channel_id,
        session.addresses,
        session.name,
        address_type,
        name,
    )


async def of_arrival(tx: Tx, arrival_id: int) -> int | None:
    """The message an arrival became."""
    found: int | None = await tx.value(
        "SELECT id FROM message WHERE arrival_id = $1 ORDER BY id LIMIT 1", arrival_id
    )
    return found


async def unreported(
    tx: Tx, session: Session, address_type: str, up_to: int, state: str
) -> list[tuple[str, str]]:
    """(recipient, Message-ID) of what was sent to this session, up to a message, and is not yet in `state`."""
    rows = await tx.fetch(
        _ROOMS
        + """
        SELECT d.recipient, d.message_header FROM message m JOIN delivery d ON d.message_id = m.id
        WHERE m.conversation_id IN (SELECT id FROM rooms) AND m.id <= $5 AND m.direction = 'out'
          AND d.channel_id = $1 AND d.recipient = ANY($2)
          AND (d.state = 'sent' OR (d.state = 'delivered' AND $6 = 'read'))
        ORDER BY d.id LIMIT 100
        """,
        session.channel_id,
        session.addresses,
        session.name,
        address_type,
        up_to,
        state,
    )
    return [(row["recipient"], row["message_header"]) for row in rows]


async def minutes_to_answer(tx: Tx, channel_id: int) -> int | None:
    """How long people really waited lately: the median of the last week's answers, in minutes; None for too few."""
    row = await tx.record(
        """
        WITH said AS (
            SELECT conversation_id, seq, direction, created_at FROM message
            WHERE channel_id = $1 AND direction IN ('in', 'out') AND NOT automatic
              AND created_at > now() - interval '7 days'
            ORDER BY id DESC LIMIT 3000
        ), turns AS (
            SELECT direction, created_at, lag(direction) OVER talk AS before, lag(created_at) OVER talk AS since
            FROM said WINDOW talk AS (PARTITION BY conversation_id ORDER BY seq)
        )
        SELECT count(*) AS n,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM created_at - since)) AS seconds
        FROM turns WHERE direction = 'out' AND before = 'in'
        """,
        channel_id,
    )
    return max(1, round(row["seconds"] / 60)) if row and row["n"] >= 5 else None
