"""What a received fact becomes: a message in its conversation, and the conversation's own line in the lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.facts import Attached, MessageReceived, Party
from hub.conversations.threads import Conversation
from hub.conversations.topics import topics
from hub.customers.resolving import Sender
from hub.plumbing.db import Tx, as_json
from hub.plumbing.ids import token

PREVIEW = 160
MOST_TEXT = 1_000_000  # characters in a row; the whole original stays one click away


class Stored(msgspec.Struct, kw_only=True):
    """A message about to be written, with where it goes."""

    id: int
    conversation: Conversation
    seq: int
    arrival_id: int
    fact_no: int
    channel_id: int
    sender: Sender
    fact: MessageReceived
    stranger: bool
    belongs_to_id: int | None
    files: dict[str, str]  # content's SHA-256 → key in the file store
    html_file: str | None
    at: datetime


def open_conversation(
    id_: int, fact: MessageReceived, sender: Sender, *, channel_id: int, team_id: int | None, now: datetime
) -> Conversation:
    """A new matter. Automatic or bulk mail without proof starts aside: kept, searchable, nobody's work."""
    return Conversation(
        id=id_,
        token=token(),
        state="aside" if fact.automatic or fact.bulk else "open",
        subject=fact.subject[:500],
        contact_id=sender.contact_id,
        root_id=sender.root_id,
        account_id=sender.account_id,
        assignee_id=None,
        team_id=team_id,
        covering_for_id=None,
        channel_id=channel_id,
        priority="normal",
        tags=[],
        waiting_since=None,
        last_message_at=now,
        last_seq=0,
        last_in_seq=0,
        last_channel_id=channel_id,
        closed_at=None,
        participants=[sender.address_id],
        language=sender.language,
        is_new=True,
        changed=True,
    )


def receive(conversation: Conversation, fact: MessageReceived, *, channel_id: int, now: datetime) -> bool:
    """Move the conversation on by one message; whether somebody must be found for it.

    A person's message reopens what was closed, snoozed or aside; a machine's (out of office, receipts) joins
    without waking anybody.
    """
    if not conversation.changed:
        conversation.topics_before = topics(
            conversation.assignee_id, conversation.team_id, conversation.state
        )
        conversation.changed = True
    is_first = conversation.last_in_seq == 0  # is_new stays true for the whole batch
    conversation.last_seq += 1
    conversation.last_in_seq = conversation.last_seq
    conversation.last_message_at = max(now, conversation.last_message_at)
    conversation.last_preview = preview(fact)
    conversation.last_channel_id = channel_id
    if fact.automatic or fact.bulk:
        return False
    woken = conversation.state != "open"
    conversation.state, conversation.closed_at = "open", None
    conversation.waiting_since = conversation.waiting_since or now
    return woken or is_first or conversation.assignee_id is not None


def preview(fact: MessageReceived) -> str:
    """The first words of what is new, else the names of what came along."""
    text = " ".join((fact.new_text or fact.text)[: PREVIEW * 4].split())[:PREVIEW]
    names = [one.name for one in fact.attachments] + [one.name for one in fact.media]
    return text or ", ".join(names)[:PREVIEW]


def write(tx: Tx, messages: Sequence[Stored], pointers: dict[tuple[int, int], int]) -> None:
    """Conversations, participants, pointers, messages and attachments: one statement a table, all in one go."""
    if not messages:
        return
    touched = {message.conversation.id: message.conversation for message in messages}
    _insert_conversations(tx, [one for one in touched.values() if one.is_new])
    _update_conversations(tx, [one for one in touched.values() if not one.is_new])
    _write_participants(tx, messages)
    _write_pointers(tx, pointers)
    _write_keys(tx, messages)
    _insert_messages(tx, messages)
    _insert_attachments(tx, messages)


def _insert_conversations(tx: Tx, new: Sequence[Conversation]) -> None:
    if not new:
        return
    tx.together(
        """
        INSERT INTO conversation (id, token, state, subject, contact_id, account_id, assignee_id, team_id,
               covering_for_id, channel_id, priority, tags, language, waiting_since, last_message_at,
               last_preview, last_channel_id, last_seq, last_in_seq, reason)
        SELECT id, token, state, subject, contact_id, account_id, assignee_id, team_id,
               covering_for_id, channel_id, priority, coalesce(tags, '{}'), language, waiting_since, last_message_at,
               last_preview, last_channel_id, last_seq, last_in_seq, reason::jsonb
        FROM unnest($1::conversation_row[])
        """,
        [_row(one) for one in new],
    )


def _update_conversations(tx: Tx, known: Sequence[Conversation]) -> None:
    """Their rows were locked ascending by the look-up, so the order of a set UPDATE is safe here."""
    if not known:
        return
    tx.together(
        """
        UPDATE conversation v
        SET state = w.state, assignee_id = w.assignee_id, team_id = w.team_id,
            covering_for_id = w.covering_for_id, priority = w.priority,
            tags = coalesce(w.tags, '{}'), waiting_since = w.waiting_since,
            last_message_at = w.last_message_at, last_preview = w.last_preview, last_direction = 'in',
            last_channel_id = w.last_channel_id, last_seq = w.last_seq, last_in_seq = w.last_in_seq,
            closed_at = w.closed_at, reason = coalesce(w.reason::jsonb, v.reason),
            account_id = coalesce(v.account_id, w.account_id),
            snoozed_until = CASE WHEN w.state = 'snoozed' THEN v.snoozed_until END, version = v.version + 1
        FROM unnest($1::conversation_row[]) AS w
        WHERE v.id = w.id
        """,
        [_row(one) for one in known],
    )


def _row(one: Conversation) -> tuple[Any, ...]:
    """A `conversation_row`; what a known one keeps (token, subject, contact, channel, language) does not travel."""
    new = one.is_new
    return (
        one.id,
        one.token if new else None,
        one.state,
        one.subject if new else None,
        one.contact_id if new else None,
        one.account_id,
        one.assignee_id,
        one.team_id,
        one.covering_for_id,
        one.channel_id if new else None,
        one.priority,
        one.tags or None,
        one.language if new else None,
        one.waiting_since,
        one.last_message_at,
        one.last_preview,
        one.last_channel_id,
        one.last_seq,
        one.last_in_seq,
        one.closed_at,
        as_json(one.reason) if one.reason is not None else None,
    )


def _write_participants(tx: Tx, messages: Sequence[Stored]) -> None:
    """Who wrote is a participant; a stranger with a good reference is only suggested (promise 38)."""
    roles: dict[tuple[int, int], str] = {}
    for message in messages:
        conversation, address = message.conversation, message.sender.address_id
        if not conversation.is_new and address not in conversation.newcomers:
            continue
        is_main = message.sender.root_id == conversation.root_id
        role = "main" if is_main else "suggested" if message.stranger else "cc"
        roles.setdefault((conversation.id, address), role)
    order = sorted(roles)
    if not order:
        return
    tx.together(
        """
        INSERT INTO participant (conversation_id, address_id, role)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING
        """,
        [conversation for conversation, _ in order],
        [address for _, address in order],
        [roles[one] for one in order],
    )


def _write_pointers(tx: Tx, pointers: dict[tuple[int, int], int]) -> None:
    order = sorted(pointers)
    if not order:
        return
    tx.together(
        """
        INSERT INTO thread_pointer (channel_id, address_id, conversation_id)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
        ON CONFLICT (channel_id, address_id) DO UPDATE SET conversation_id = excluded.conversation_id
        """,
        [channel for channel, _ in order],
        [address for _, address in order],
        [pointers[one] for one in order],
    )


def _write_keys(tx: Tx, messages: Sequence[Stored]) -> None:
    """Where each session, call or job now goes on; the batch's last message of one decides."""
    keys = {(m.channel_id, m.fact.thread): m.conversation.id for m in messages if m.fact.thread}
    order = sorted(keys)
    if not order:
        return
    tx.together(
        """
        INSERT INTO thread_key (channel_id, key, conversation_id)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
        ON CONFLICT (channel_id, key) DO UPDATE SET conversation_id = excluded.conversation_id
        """,
        [channel for channel, _ in order],
        [key for _, key in order],
        [keys[one] for one in order],
    )


def _insert_messages(tx: Tx, messages: Sequence[Stored]) -> None:
    tx.together(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, arrival_id, fact_no,
               contact_id, address_id, sender, recipients, subject, text, new_text, html, html_file, message_id,
               in_reply_to, thread_ids, automatic, verified, warnings, belongs_to_id, said_at, created_at, fact)
        SELECT id, conversation_id, conversation_id, seq, 'in', channel_id, arrival_id, fact_no,
               contact_id, address_id, sender::jsonb, coalesce(recipients, '{}')::jsonb, subject, text,
               new_text, html, html_file, message_id, in_reply_to, coalesce(thread_ids, '{}'), automatic, verified,
               coalesce(warnings, '{}'), belongs_to_id, said_at, created_at, fact::jsonb
        FROM unnest($1::message_row[])
        """,
        [_message_row(message, message.fact) for message in messages],
    )


def _message_row(message: Stored, fact: MessageReceived) -> tuple[Any, ...]:
    """A `message_row`."""
    recipients = _recipients(fact)
    return (
        message.id,
        message.conversation.id,
        message.seq,
        message.channel_id,
        message.arrival_id,
        message.fact_no,
        message.sender.contact_id,
        message.sender.address_id,
        as_json(fact.sender),
        as_json(recipients) if recipients else None,
        fact.subject[:2000],
        fact.text[:MOST_TEXT],
        fact.new_text[:MOST_TEXT],
        "" if message.html_file else fact.html,
        message.html_file,
        fact.external_id[:998],
        fact.in_reply_to[:998],
        fact.references[-50:] or None,
        fact.automatic or fact.bulk,
        fact.verified,
        _warnings(message) or None,
        message.belongs_to_id,
        fact.date,
        message.at,
        as_json(fact.details) if fact.details else None,
    )


def _warnings(message: Stored) -> list[str]:
    cut = ["text_cut"] if len(message.fact.text) > MOST_TEXT else []
    return [*message.fact.warnings, *cut, *(["stranger"] if message.stranger else [])]


def _recipients(fact: MessageReceived) -> dict[str, tuple[Party, ...]]:
    lists = {"to": fact.to, "cc": fact.cc, "reply_to": fact.reply_to}
    return {name: parties for name, parties in lists.items() if parties}


def _insert_attachments(tx: Tx, messages: Sequence[Stored]) -> None:
    rows: list[tuple[Stored, Attached]] = [(m, attached) for m in messages for attached in m.fact.attachments]
    if not rows:
        return
    tx.together(
        """
        INSERT INTO attachment (token, message_id, name, type, size, sha256, file, inline, content_id, pages)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                             $7::text[], $8::bool[], $9::text[], $10::int[])
        """,
        [token() for _ in rows],
        [message.id for message, _ in rows],
        [attached.name[:255] or "attachment" for _, attached in rows],
        [attached.type[:255] for _, attached in rows],
        [attached.size for _, attached in rows],
        [attached.sha256 for _, attached in rows],
        [message.files[attached.sha256] for message, attached in rows],
        [attached.inline for _, attached in rows],
        [attached.content_id[:255] for _, attached in rows],
        [attached.pages for _, attached in rows],
    )
