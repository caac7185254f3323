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
from hub.plumbing.db import Tx, sparse
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
               covering_for_id, channel_id, priority, string_to_array(tags, E'\\x1f'), language, waiting_since,
               last_message_at, last_preview, last_channel_id, last_seq, last_in_seq, reason
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[],
                    $14::timestamptz[], $15::timestamptz[], $16::text[], $17::bigint[], $18::int[], $19::int[],
                    $20::jsonb[])
            AS w (id, token, state, subject, contact_id, account_id, assignee_id, team_id, covering_for_id,
                  channel_id, priority, tags, language, waiting_since, last_message_at, last_preview,
                  last_channel_id, last_seq, last_in_seq, reason)
        """,
        *_columns(
            new,
            "id token state subject contact_id account_id assignee_id team_id covering_for_id channel_id priority",
        ),
        ["\x1f".join(one.tags) for one in new],
        *_columns(
            new,
            "language waiting_since last_message_at last_preview last_channel_id last_seq last_in_seq reason",
        ),
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
            tags = coalesce(string_to_array(w.tags, E'\\x1f'), '{}'), waiting_since = w.waiting_since,
            last_message_at = w.last_message_at, last_preview = w.last_preview, last_direction = 'in',
            last_channel_id = w.last_channel_id, last_seq = w.last_seq, last_in_seq = w.last_in_seq,
            closed_at = w.closed_at, reason = coalesce(w.reason, v.reason),
            account_id = coalesce(v.account_id, w.account_id),
            snoozed_until = CASE WHEN w.state = 'snoozed' THEN v.snoozed_until END, version = v.version + 1
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::bigint[], $12::int[], $13::int[],
                    $14::timestamptz[], $15::bigint[], $16::jsonb[])
            AS w (id, state, assignee_id, team_id, covering_for_id, priority, tags, waiting_since,
                  last_message_at, last_preview, last_channel_id, last_seq, last_in_seq, closed_at, account_id, reason)
        WHERE v.id = w.id
        """,
        *_columns(known, "id state"),
        *(sparse(column) for column in _columns(known, "assignee_id team_id covering_for_id")),
        *_columns(known, "priority"),
        sparse(["\x1f".join(one.tags) for one in known]),
        sparse([one.waiting_since for one in known]),
        *_columns(known, "last_message_at last_preview last_channel_id last_seq last_in_seq"),
        *(sparse(column) for column in _columns(known, "closed_at account_id reason")),
    )


def _columns(rows: Sequence[Any], names: str) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names.split()]


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
    facts = [message.fact for message in messages]
    tx.together(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, arrival_id, fact_no,
               contact_id, address_id, sender, recipients, subject, text, new_text, html, html_file, message_id,
               in_reply_to, thread_ids, automatic, verified, warnings, belongs_to_id, said_at, created_at, fact)
        SELECT id, conversation_id, conversation_id, seq, 'in', channel_id, arrival_id, fact_no,
               contact_id, address_id, sender, coalesce(recipients, '{}'), coalesce(subject, ''), text, new_text,
               coalesce(html, ''), html_file, coalesce(message_id, ''), coalesce(in_reply_to, ''),
               coalesce(string_to_array(thread_ids, ' '), '{}'), coalesce(automatic, false), verified,
               coalesce(string_to_array(warnings, E'\\x1f'), '{}'), belongs_to_id, said_at, created_at, fact
        FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::bigint[],
                    $8::bigint[], $9::jsonb[], $10::jsonb[], $11::text[], $12::text[], $13::text[], $14::text[],
                    $15::text[], $16::text[], $17::text[], $18::text[], $19::bool[], $20::bool[], $21::text[],
                    $22::bigint[], $23::timestamptz[], $24::timestamptz[], $25::jsonb[])
            AS w (id, conversation_id, seq, channel_id, arrival_id, fact_no, contact_id, address_id, sender,
                  recipients, subject, text, new_text, html, html_file, message_id, in_reply_to, thread_ids,
                  automatic, verified, warnings, belongs_to_id, said_at, created_at, fact)
        """,
        [message.id for message in messages],
        [message.conversation.id for message in messages],
        [message.seq for message in messages],
        [message.channel_id for message in messages],
        [message.arrival_id for message in messages],
        [message.fact_no for message in messages],
        [message.sender.contact_id for message in messages],
        [message.sender.address_id for message in messages],
        [_party(fact.sender) for fact in facts],
        sparse([_recipients(fact) for fact in facts]),
        sparse([fact.subject[:2000] for fact in facts]),
        [fact.text[:MOST_TEXT] for fact in facts],
        [fact.new_text[:MOST_TEXT] for fact in facts],
        sparse(["" if message.html_file else message.fact.html for message in messages]),
        sparse([message.html_file for message in messages]),
        sparse([fact.external_id[:998] for fact in facts]),
        sparse([fact.in_reply_to[:998] for fact in facts]),
        sparse([" ".join(fact.references[-50:]) for fact in facts]),
        sparse([fact.automatic or fact.bulk for fact in facts]),
        [fact.verified for fact in facts],
        sparse(["\x1f".join(_warnings(message)) for message in messages]),
        sparse([message.belongs_to_id for message in messages]),
        sparse([fact.date for fact in facts]),
        [message.at for message in messages],
        sparse([fact.details or None for fact in facts]),
    )


def _warnings(message: Stored) -> list[str]:
    cut = ["text_cut"] if len(message.fact.text) > MOST_TEXT else []
    return [*message.fact.warnings, *cut, *(["stranger"] if message.stranger else [])]


def _party(party: Party) -> dict[str, str]:
    return {"address": party.address, "name": party.name}


def _recipients(fact: MessageReceived) -> dict[str, list[dict[str, str]]]:
    lists = {"to": fact.to, "cc": fact.cc, "reply_to": fact.reply_to}
    return {name: [_party(party) for party in parties] for name, parties in lists.items() if parties}


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
