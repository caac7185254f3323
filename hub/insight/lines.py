"""When each line was last heard and last spoke, and what became of a test on it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing.db import Tx

LOOKED_AT = 2_000
"""So many of a line's last arrivals are searched for a message: the others are reports."""


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """The last of each kind on one line; None for never. `heard_at`: anything at all came."""

    channel_id: int
    heard_at: datetime | None = None
    message_at: datetime | None = None
    sent_at: datetime | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A test message on its way."""

    recipient: str
    state: str
    code: str
    reason: str
    conversation_id: int


async def lately(tx: Tx) -> dict[int, Lately]:
    """By channel."""
    rows = await tx.rows(
        Lately,
        """
        SELECT c.id AS channel_id, heard.received_at AS heard_at, said.created_at AS message_at, o.sent_at
        FROM channel c
        LEFT JOIN LATERAL (SELECT received_at FROM arrival WHERE channel_id = c.id ORDER BY id DESC LIMIT 1)
             AS heard ON true
        LEFT JOIN LATERAL (
            SELECT m.created_at FROM (SELECT id FROM arrival WHERE channel_id = c.id ORDER BY id DESC LIMIT $1) AS a
            JOIN message m ON m.arrival_id = a.id AND m.direction = 'in' ORDER BY a.id DESC LIMIT 1) AS said ON true
        LEFT JOIN LATERAL (SELECT sent_at FROM delivery WHERE channel_id = c.id AND sent_at IS NOT NULL
                           ORDER BY sent_at DESC LIMIT 1) AS o ON true
        """,
        LOOKED_AT,
    )
    return {row.channel_id: row for row in rows}


async def trial(tx: Tx, channel_id: int, delivery_id: int) -> Trial | None:
    """What became of a test on this line; None for a delivery that is none of it."""
    return await tx.row(
        Trial,
        """
        SELECT d.recipient, d.state, d.code, d.reason, m.conversation_id
        FROM delivery d JOIN message m ON m.id = d.message_id
        WHERE d.id = $2 AND d.channel_id = $1 AND d.automatic
        """,
        channel_id,
        delivery_id,
    )
