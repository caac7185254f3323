"""A message that was sent without a conversation comes into the one in which it is answered, above the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.facts import Party
from hub.plumbing.db import Tx


class BroughtIn(msgspec.Struct, frozen=True, kw_only=True):
    """One such message. `message_id`: the name it travelled under; `details`: what it was part of, plain values."""

    id: int
    conversation_id: int
    seq: int
    channel_id: int
    agent_id: int | None
    sender: Party
    recipient: Party
    subject: str
    text: str
    html: str
    message_id: str
    details: dict[str, Any]
    at: datetime


def write(tx: Tx, messages: Sequence[BroughtIn]) -> None:
    """Store them; nobody waits for it. They count as automatic: no customer's question is answered by one."""
    if not messages:
        return
    tx.together(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, agent_id, sender, recipients,
               subject, text, new_text, html, message_id, automatic, verified, fact, created_at)
        SELECT id, conversation_id, conversation_id, seq, 'out', channel_id, agent_id, sender, recipients,
               subject, text, text, html, message_id, true, true, fact, created_at
        FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::jsonb[], $7::jsonb[],
                    $8::text[], $9::text[], $10::text[], $11::text[], $12::jsonb[], $13::timestamptz[])
             AS w (id, conversation_id, seq, channel_id, agent_id, sender, recipients, subject, text, html,
                   message_id, fact, created_at)
        """,
        [one.id for one in messages],
        [one.conversation_id for one in messages],
        [one.seq for one in messages],
        [one.channel_id for one in messages],
        [one.agent_id for one in messages],
        [_party(one.sender) for one in messages],
        [{"to": [_party(one.recipient)]} for one in messages],
        [one.subject for one in messages],
        [one.text for one in messages],
        [one.html for one in messages],
        [one.message_id for one in messages],
        [one.details for one in messages],
        [one.at for one in messages],
    )


def _party(party: Party) -> dict[str, str]:
    return {"address": party.address, "name": party.name}
