"""What the road in knows of conversations while it walks a batch: looked up once, grown fact by fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.facts import MessageReceived
from hub.customers.resolving import Sender
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

ACTIVE_DAYS = 7
MOST_REFERENCES = 30
NUMBER = re.compile(r"#\s?(\d{1,12})\b")


class Conversation(msgspec.Struct, kw_only=True):
    """A conversation as the batch knows it so far; `root_id` is its main contact's root."""

    id: int
    state: str
    subject: str
    contact_id: int
    root_id: int
    account_id: int | None
    assignee_id: int | None
    team_id: int | None
    covering_for_id: int | None
    channel_id: int
    priority: str
    tags: list[str]
    waiting_since: datetime | None
    last_message_at: datetime
    last_seq: int
    last_in_seq: int
    last_channel_id: int
    closed_at: datetime | None
    participants: list[int]
    joined_ids: list[int] = []
    last_preview: str = ""
    reason: dict[str, Any] | None = None
    token: str = ""
    language: str = ""
    is_new: bool = False
    changed: bool = False
    topics_before: list[str] = []


Key = tuple[int, str]
"""A channel's id and the session, call or job it proves (`MessageReceived.thread`)."""


class Said(msgspec.Struct, frozen=True):
    """A stored message that a later one may name: who said it, where."""

    message_id: str
    conversation_id: int
    direction: str
    channel_id: int | None
    address_id: int | None
    agent_id: int | None


class Threads(msgspec.Struct):
    """What the batch looked up, and what it has made so far."""

    said: dict[str, list[Said]]
    conversations: dict[int, Conversation]
    pointers: dict[tuple[int, int], int]
    last_agents: dict[int, int]
    by_root: dict[int, list[Conversation]] = {}
    keys: dict[Key, int] = {}
    mailed: frozenset[tuple[int, str]] = frozenset()

    def find(self, id_: int | None) -> Conversation | None:
        """The conversation `id_`, or the one it was joined into."""
        return self.conversations.get(id_) if id_ else None


def named_ids(facts: Iterable[MessageReceived]) -> list[str]:
    """Message-IDs the facts name, newest references first kept, bounded."""
    names: set[str] = set()
    for fact in facts:
        names.update((fact.in_reply_to, *fact.references[-MOST_REFERENCES:]))
    return sorted(names - {""})


def proven_ids(crypto: Crypto, facts: Iterable[MessageReceived]) -> dict[str, int]:
    """Conversation ids in the signed reply addresses of the facts, by token; forged ones are absent."""
    tokens = {fact.proof for fact in facts if fact.proof}
    return {token: id_ for token in tokens if (id_ := crypto.verify("reply", token)) is not None}


def number_in(subject: str) -> int | None:
    """A conversation's number written in a subject ("#48213")."""
    found = NUMBER.search(subject)
    return int(found[1]) if found else None


def suggested_ids(facts: Iterable[MessageReceived]) -> list[int]:
    """Conversation numbers written in subjects ("#48213"): suggestions, never proof."""
    return sorted({number for fact in facts if (number := number_in(fact.subject))})


async def named_people(
    tx: Tx, message_ids: Sequence[str], conversation_ids: Sequence[int], keys: Sequence[Key] = ()
) -> list[int]:
    """Before the lock: root contacts of conversations these facts name, because they must be locked too."""
    if not message_ids and not conversation_ids and not keys:
        return []
    rows = await tx.fetch(
        """
        SELECT DISTINCT c.root_id FROM conversation v
        JOIN conversation t ON t.id = coalesce(v.joined_into_id, v.id)
        JOIN contact c ON c.id = t.contact_id
        WHERE v.id = ANY($2) OR v.id IN (SELECT conversation_id FROM message WHERE message_id = ANY($1))
           OR v.id IN (SELECT m.conversation_id FROM delivery d JOIN message m ON m.id = d.message_id
                       WHERE d.provider_id = ANY($1) AND d.provider_id <> '')
           OR v.id IN (SELECT k.conversation_id FROM thread_key k
                       JOIN unnest($3::bigint[], $4::text[]) AS w (channel_id, key) USING (channel_id, key))
        """,
        list(message_ids),
        list(conversation_ids),
        [channel_id for channel_id, _ in keys],
        [key for _, key in keys],
    )
    return [row["root_id"] for row in rows]


async def look_up(
    tx: Tx,
    senders: Sequence[Sender],
    message_ids: Sequence[str],
    conversation_ids: Sequence[int],
    *,
    has_short_kinds: bool,
    keys: Sequence[Key] = (),
) -> Threads:
    """After the lock: named messages, pointers (short kinds only), and every conversation these facts may join."""
    said = await _said(tx, message_ids) if message_ids else []
    pointers = await _pointers(tx, senders) if has_short_kinds else {}
    keyed = await _keyed(tx, keys) if keys else {}
    ids = {*conversation_ids, *pointers.values(), *keyed.values(), *(one.conversation_id for one in said)}
    conversations = await _conversations(tx, sorted(ids), [sender.root_id for sender in senders])
    by_name: dict[str, list[Said]] = {}
    for one in said:
        by_name.setdefault(one.message_id, []).append(one)
    threads = Threads(by_name, conversations, pointers, await _last_agents(tx, senders), keys=keyed)
    threads.mailed = await _mailed(tx, conversation_ids) if conversation_ids else frozenset()
    for conversation in {one.id: one for one in conversations.values()}.values():
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    return threads


async def _said(tx: Tx, message_ids: Sequence[str]) -> list[Said]:
    return await tx.rows(
        Said,
        """
        SELECT message_id, conversation_id, direction, channel_id, address_id, agent_id
        FROM (SELECT message_id, conversation_id, direction, channel_id, address_id, agent_id, id
              FROM message WHERE message_id = ANY($1)
              UNION ALL
              SELECT d.provider_id, m.conversation_id, m.direction, d.channel_id, m.address_id, m.agent_id, m.id
              FROM delivery d JOIN message m ON m.id = d.message_id
              WHERE d.provider_id = ANY($1) AND d.provider_id <> '') AS named
        ORDER BY id DESC
        """,
        list(message_ids),
    )


async def _pointers(tx: Tx, senders: Sequence[Sender]) -> dict[tuple[int, int], int]:
    rows = await tx.fetch(
        "SELECT channel_id, address_id, conversation_id FROM thread_pointer WHERE address_id = ANY($1)",
        [sender.address_id for sender in senders],
    )
    return {(row["channel_id"], row["address_id"]): row["conversation_id"] for row in rows}


async def _mailed(tx: Tx, conversation_ids: Sequence[int]) -> frozenset[tuple[int, str]]:
    """(conversation, address) of mails that carried a chat on: who answers one is whom it was sent to."""
    rows = await tx.fetch(
        "SELECT conversation_id, recipient FROM chat_mailed WHERE conversation_id = ANY($1)", list(conversation_ids)
    )
    return frozenset((row["conversation_id"], row["recipient"]) for row in rows)


async def _keyed(tx: Tx, keys: Sequence[Key]) -> dict[Key, int]:
    rows = await tx.fetch(
        """
        SELECT k.channel_id, k.key, k.conversation_id FROM thread_key k
        JOIN unnest($1::bigint[], $2::text[]) AS w (channel_id, key) USING (channel_id, key)
        """,
        [channel_id for channel_id, _ in keys],
        [key for _, key in keys],
    )
    return {(row["channel_id"], row["key"]): row["conversation_id"] for row in rows}


async def _last_agents(tx: Tx, senders: Sequence[Sender]) -> dict[int, int]:
    """Who last had a conversation with each of these people, by root contact."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (c.root_id) c.root_id, v.assignee_id
        FROM contact c JOIN conversation v ON v.contact_id = c.id
        WHERE c.root_id = ANY($1) AND v.assignee_id IS NOT NULL
        ORDER BY c.root_id, v.last_message_at DESC
        """,
        [sender.root_id for sender in senders],
    )
    return {row["root_id"]: row["assignee_id"] for row in rows}


async def _conversations(tx: Tx, ids: Sequence[int], roots: Sequence[int]) -> dict[int, Conversation]:
    """Conversations by id (following joins), and the recently active ones of these people."""
    rows = await tx.rows(
        Conversation,
        f"""
        WITH named AS (
            SELECT coalesce(joined_into_id, id) AS id FROM conversation WHERE id = ANY($1)
        ), active AS (
            SELECT v.id FROM conversation v JOIN contact c ON c.id = v.contact_id
            WHERE c.root_id = ANY($2) AND v.last_message_at > now() - interval '{ACTIVE_DAYS} days'
              AND v.joined_into_id IS NULL
            ORDER BY v.last_message_at DESC LIMIT 2000
        ), locked AS MATERIALIZED (
            SELECT v.* FROM conversation v
            WHERE v.id IN (SELECT id FROM named UNION SELECT id FROM active)
            ORDER BY v.id FOR NO KEY UPDATE
        )
        SELECT v.id, v.state, v.subject, v.contact_id, c.root_id, v.account_id, v.assignee_id, v.team_id,
               v.covering_for_id, v.channel_id, v.priority, v.tags, v.waiting_since, v.last_message_at,
               v.last_seq, v.last_in_seq, v.last_channel_id, v.last_preview, v.closed_at, v.language, v.token,
               ARRAY(SELECT p.address_id FROM participant p
                     WHERE p.conversation_id = v.id AND p.role <> 'suggested') AS participants,
               ARRAY(SELECT j.id FROM conversation j WHERE j.joined_into_id = v.id) AS joined_ids
        FROM locked v JOIN contact c ON c.id = v.contact_id
        """,
        list(ids),
        list(roots),
    )
    return {id_: row for row in rows for id_ in (row.id, *row.joined_ids)}


def remember(
    threads: Threads, fact: MessageReceived, conversation: Conversation, sender: Sender, channel_id: int
) -> None:
    """Let the batch's later messages see this one (INVARIANTS §2)."""
    if conversation.id not in threads.conversations:
        threads.conversations[conversation.id] = conversation
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    threads.pointers[channel_id, sender.address_id] = conversation.id
    if fact.thread:
        threads.keys[channel_id, fact.thread] = conversation.id
    if fact.external_id:
        said = Said(fact.external_id, conversation.id, "in", channel_id, sender.address_id, None)
        threads.said.setdefault(fact.external_id, []).insert(0, said)
