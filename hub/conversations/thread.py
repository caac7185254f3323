"""One conversation as it is read: its head, and the last messages with their files and deliveries.

A conversation joined into this one lends its messages: they stand here in the order of time and stay rows of
their own conversation, so that the join can be undone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

PAGE = 50
MOST_CHARACTERS = 50_000  # of one message's text; the rest is one click away in the original


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation without its messages. `reason` is the routing's, worded by routing/explain.

    `suggested_*`: the account its contact's mail domain suggests, not confirmed yet. `read_seq`: what the
    agent who asks has seen; `doubt`: the last message of the customer came without proof of its sender.
    `score`: what they gave it at the end, of 5.
    """

    id: int
    token: str
    version: int
    state: str
    subject: str
    contact_id: int
    contact_name: str
    account_id: int | None
    account_name: str | None
    standing: str
    suggested_id: int | None
    suggested_name: str | None
    assignee_id: int | None
    assignee_name: str | None
    team_id: int | None
    team_name: str | None
    covering_for_id: int | None
    covering_for_name: str | None
    channel_id: int
    channel_kind: str
    channel_name: str
    priority: str
    tags: list[str]
    language: str
    reason: dict[str, Any] | None
    waiting_since: datetime | None
    last_message_at: datetime
    last_seq: int
    last_in_seq: int
    joined_into_id: int | None
    joined_into_subject: str | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    close_reason: str
    close_outcome: str
    created_at: datetime
    read_seq: int
    doubt: bool
    score: int | None


class ThreadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `token` is its public name. `machine_text`: what a machine read on its pages."""

    token: str
    name: str
    type: str
    size: int
    inline: bool
    pages: int = 0
    machine_text: str = ""


class ThreadAwaited(msgspec.Struct, frozen=True, kw_only=True):
    """A file its provider still keeps. `failed`: why it could not be fetched; None while it is on its way."""

    name: str
    failed: str | None


class ThreadDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-over of a message, as its bubble shows it. `at`: the last thing that happened to it."""

    id: int
    recipient: str
    role: str
    state: str
    due_at: datetime
    at: datetime | None
    attempt: int
    code: str
    reason: str
    fallback_of: int | None
    channel_id: int
    channel_kind: str
    channel_name: str


class ThreadMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a thread. `sender`, `recipients` as they stood on it; `text` is cut at MOST_CHARACTERS.

    `details`: what only its kind knows, worded by the adapter.
    """

    id: int
    conversation_id: int
    seq: int
    direction: str
    public: bool
    created_at: datetime
    said_at: datetime | None
    channel_id: int | None
    channel_kind: str | None
    channel_name: str | None
    agent_id: int | None
    agent_name: str | None
    contact_name: str | None
    sender: dict[str, Any]
    recipients: dict[str, Any]
    details: dict[str, Any]
    subject: str
    text: str
    new_text: str
    has_html: bool
    has_raw: bool
    automatic: bool
    verified: bool
    warnings: list[str]
    client_id: str | None
    belongs_to_id: int | None
    belongs_to_subject: str | None
    attachments: list[ThreadFile]
    awaited: list[ThreadAwaited]
    deliveries: list[ThreadDelivery]

    @property
    def version(self) -> int:
        """Rises with whatever happens to its files and deliveries, a new one too (data-v); equal: nothing changed."""
        files = len(self.attachments) + sum(1 for one in self.awaited if one.failed is not None)
        files += sum(1 for one in self.attachments if one.machine_text)
        return 1 + files + sum(1 + _progress(one) for one in self.deliveries)


async def head(tx: Tx, conversation_id: int, agent_id: int) -> Head:
    """A conversation this agent may see. Raises NotFound, also for what they may not know of."""
    found = await tx.row(
        Head, f"{_HEAD} WHERE conversation.id = $2 AND {VISIBLE_TO}", agent_id, conversation_id
    )
    if found is None:
        raise NotFound(_("There is no such conversation."))
    return found


async def head_for_everybody(tx: Tx, conversation_id: int) -> Head | None:
    """The same for live pages, nobody's in particular; None when it is gone."""
    return await tx.row(Head, f"{_HEAD} WHERE conversation.id = $2", 0, conversation_id)


async def messages(
    tx: Tx, conversation_id: int, *, before: int | None = None, most: int = PAGE
) -> list[ThreadMessage]:
    """The last messages of a thread, or those before the message with the id `before`; oldest first.

    Says nothing of rights: the caller has read the head.
    """
    return await tx.rows(
        ThreadMessage,
        f"""
        WITH family AS (
            SELECT id FROM conversation WHERE id = $1 OR joined_into_id = $1
        ), page AS (
            SELECT m.* FROM family CROSS JOIN LATERAL (
                SELECT * FROM message WHERE message.conversation_id = family.id
                  AND ($2::bigint IS NULL OR (message.created_at, message.seq, message.id)
                       < (SELECT created_at, seq, id FROM message WHERE id = $2))
                ORDER BY message.seq DESC LIMIT {most:d}
            ) m ORDER BY m.created_at DESC, m.seq DESC, m.id DESC LIMIT {most:d}
        )
        {_MESSAGES} ORDER BY m.created_at, m.seq, m.id
        """,
        conversation_id,
        before,
    )


async def after(tx: Tx, conversation_id: int, seq: int, *, most: int = PAGE) -> list[ThreadMessage]:
    """What was said after a sequence of this conversation: what a sender has not seen. Oldest first."""
    return await tx.rows(
        ThreadMessage,
        f"""
        WITH page AS (
            SELECT * FROM message WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
        )
        {_MESSAGES} ORDER BY m.seq
        """,
        conversation_id,
        seq,
        most,
    )


async def message(tx: Tx, message_id: int) -> ThreadMessage | None:
    """One message, for a live update; None when it was taken back."""
    return await tx.row(
        ThreadMessage, f"WITH page AS (SELECT * FROM message WHERE id = $1) {_MESSAGES}", message_id
    )


async def shown_in(tx: Tx, message_id: int) -> int | None:
    """In which thread a message stands now: joins are followed. None when it is gone."""
    found: int | None = await tx.value(
        """
        SELECT coalesce(v.joined_into_id, v.id) FROM message m JOIN conversation v ON v.id = m.conversation_id
        WHERE m.id = $1
        """,
        message_id,
    )
    return found


async def moment_of(tx: Tx, message_id: int | None) -> datetime | None:
    """When a message was stored; None for none."""
    found: datetime | None = await tx.value("SELECT created_at FROM message WHERE id = $1", message_id)
    return found


async def position(tx: Tx, conversation_id: int, at: datetime) -> int:
    """After which sequence of a conversation something of that moment stands."""
    found: int | None = await tx.value(
        "SELECT max(seq) FROM message WHERE conversation_id = $1 AND created_at <= $2", conversation_id, at
    )
    return found or 0


# Which step of one attempt a state is; attempts only rise, so that the sum never falls (see deliveries/states).
_STEPS = (
    "held",
    "claimed",
    "sending",
    "queued",
    "unknown",
    "sent",
    "failed",
    "delivered",
    "read",
    "canceled",
)


def _progress(delivery: ThreadDelivery) -> int:
    return delivery.attempt * 10 + _STEPS.index(delivery.state)


_HEAD = """
    SELECT conversation.id, conversation.token, conversation.version, conversation.state, conversation.subject,
           r.id AS contact_id,
           coalesce(nullif(r.name, ''), (SELECT a.value FROM address a WHERE a.contact_id = conversation.contact_id
                                         ORDER BY a.id LIMIT 1), '') AS contact_name,
           conversation.account_id, o.name AS account_name, r.account_standing AS standing,
           s.id AS suggested_id, s.name AS suggested_name,
           conversation.assignee_id, g.name AS assignee_name, conversation.team_id, t.name AS team_name,
           conversation.covering_for_id, b.name AS covering_for_name,
           n.id AS channel_id, n.kind AS channel_kind, n.name AS channel_name,
           conversation.priority, conversation.tags, conversation.language, conversation.reason,
           conversation.waiting_since, conversation.last_message_at, conversation.last_seq,
           conversation.last_in_seq, conversation.joined_into_id, j.subject AS joined_into_subject,
           conversation.snoozed_until, conversation.closed_at, conversation.close_reason,
           conversation.close_outcome, conversation.created_at, coalesce(d.seq, 0) AS read_seq,
           coalesce((SELECT NOT m.verified FROM message m
                     WHERE m.conversation_id = conversation.id AND m.seq = conversation.last_in_seq), false) AS doubt,
           (SELECT k.score FROM rating k WHERE k.conversation_id = conversation.id) AS score
    FROM conversation
    JOIN contact c ON c.id = conversation.contact_id
    JOIN contact r ON r.id = c.root_id
    JOIN channel n ON n.id = conversation.last_channel_id
    LEFT JOIN account o ON o.id = conversation.account_id
    LEFT JOIN account s ON s.id = r.account_id AND r.account_standing = 'suggested'
    LEFT JOIN agent g ON g.id = conversation.assignee_id
    LEFT JOIN agent b ON b.id = conversation.covering_for_id
    LEFT JOIN team t ON t.id = conversation.team_id
    LEFT JOIN conversation j ON j.id = conversation.joined_into_id
    LEFT JOIN reading d ON d.conversation_id = conversation.id AND d.agent_id = $1
"""

# "Belongs to" is told to whoever reads the thread, so it never names a restricted team's conversation.
_MESSAGES = f"""
    SELECT m.id, m.conversation_id, m.seq, m.direction, m.public, m.created_at, m.said_at,
           m.channel_id, (SELECT n.kind FROM channel n WHERE n.id = m.channel_id) AS channel_kind,
           (SELECT n.name FROM channel n WHERE n.id = m.channel_id) AS channel_name,
           m.agent_id, (SELECT g.name FROM agent g WHERE g.id = m.agent_id) AS agent_name,
           (SELECT r.name FROM contact c JOIN contact r ON r.id = c.root_id WHERE c.id = m.contact_id)
               AS contact_name,
           m.sender, m.recipients, coalesce(m.fact, '{{}}') AS details, m.subject,
           left(m.text, {MOST_CHARACTERS}) AS text, left(m.new_text, {MOST_CHARACTERS}) AS new_text,
           m.html <> '' OR m.html_file IS NOT NULL AS has_html, m.arrival_id IS NOT NULL AS has_raw,
           m.automatic, m.verified, m.warnings, m.client_id, q.id AS belongs_to_id, q.subject AS belongs_to_subject,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('token', f.token, 'name', f.name, 'type', f.type,
                    'size', f.size, 'inline', f.inline, 'pages', f.pages,
                    'machine_text', left(f.machine_text, {MOST_CHARACTERS})) ORDER BY f.id), '[]')
            FROM attachment f WHERE f.message_id = m.id) AS attachments,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'failed', w.failed) ORDER BY w.id), '[]')
            FROM awaited_file w WHERE w.message_id = m.id) AS awaited,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'recipient', d.recipient, 'role', d.role,
                    'state', d.state, 'due_at', d.due_at, 'at', coalesce(d.reported_at, d.sent_at),
                    'attempt', d.attempt, 'code', d.code, 'reason', d.reason, 'fallback_of', d.fallback_of,
                    'channel_id', k.id, 'channel_kind', k.kind, 'channel_name', k.name) ORDER BY d.id), '[]')
            FROM delivery d JOIN channel k ON k.id = d.channel_id WHERE d.message_id = m.id) AS deliveries
    FROM page m
    LEFT JOIN LATERAL (
        SELECT v.id, v.subject FROM conversation v
        WHERE v.id = m.belongs_to_id AND v.id <> m.conversation_id AND v.joined_into_id IS NULL
          AND NOT EXISTS (SELECT FROM team t WHERE t.id = v.team_id AND t.restricted)
    ) q ON true
"""
