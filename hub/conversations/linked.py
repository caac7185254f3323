"""One message behind a private link: signed, for two weeks, and nothing else of the conversation."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

DAYS = 14
PURPOSE = "view"


class LinkedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the message; `token` names it inside the link."""

    token: str
    name: str
    type: str
    size: int
    file: str


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What the link shows: who wrote it, on which line, when, and the message itself."""

    subject: str
    text: str
    agent_name: str | None
    line_name: str
    language: str
    at: datetime
    files: list[LinkedFile]


def link(crypto: Crypto, base_url: str, delivery_id: int) -> str:
    """The address of what a delivery could not carry; the same each time it is asked for."""
    return f"{base_url}/v/{crypto.sign(PURPOSE, delivery_id)}"


async def opened(tx: Tx, crypto: Crypto, token: str) -> Linked | None:
    """The message behind a link; None for a forged or old one, and for what was stopped or erased."""
    delivery_id = crypto.verify(PURPOSE, token)
    if delivery_id is None:
        return None
    return await tx.row(
        Linked,
        """
        SELECT m.subject, m.text, g.name AS agent_name, n.name AS line_name, m.created_at AS at,
               coalesce(nullif(v.language, ''), nullif(c.language, ''), g.language, 'es') AS language,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('token', f.token, 'name', f.name, 'type', f.type,
                        'size', f.size, 'file', f.file) ORDER BY f.id), '[]')
                FROM attachment f WHERE f.message_id = m.id) AS files
        FROM delivery d JOIN message m ON m.id = d.message_id AND m.direction = 'out' AND m.public
        JOIN channel n ON n.id = d.channel_id JOIN conversation v ON v.id = m.conversation_id
        JOIN contact leaf ON leaf.id = v.contact_id JOIN contact c ON c.id = leaf.root_id
        LEFT JOIN agent g ON g.id = m.agent_id
        WHERE d.id = $1 AND d.fallback_of IS NOT NULL AND d.state NOT IN ('held', 'canceled')
          AND d.created_at > now() - make_interval(days => $2)
        """,
        delivery_id,
        DAYS,
    )
