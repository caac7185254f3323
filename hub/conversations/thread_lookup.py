"""What the road in asks of conversations for a batch: which may be joined, and what leads there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hub.channels.facts import MessageReceived
from hub.conversations.threads import (
    ACTIVE_DAYS,
    MOST_REFERENCES,
    Conversation,
    Key,
    Said,
    Threads,
    number_in,
)
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Asked


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


def suggested_ids(facts: Iterable[MessageReceived]) -> list[int]:
    """Conversation numbers written in subjects ("#48213"): suggestions, never proof."""
    return sorted({number for fact in facts if (number := number_in(fact.subject))})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch asks for besides its senders: what its facts name.

    `has_short_kinds`: some came on a channel whose threads are pointers.
    """

    message_ids: list[str]
    conversation_ids: list[int]
    keys: list[Key]
    has_short_kinds: bool

    @property
    def columns(self) -> tuple[list[int], list[str]]:
        """The keys as PostgreSQL's arrays."""
        return [channel_id for channel_id, _ in self.keys], [key for _, key in self.keys]


def with_more(wanted: Wanted, named: Iterable[int | None]) -> Wanted:
    """The same, and more conversations."""
    ids = {*wanted.conversation_ids, *(one for one in named if one)}
    return msgspec.structs.replace(wanted, conversation_ids=sorted(ids))


def asked_people(wanted: Wanted) -> dict[str, Asked]:
    """Before the lock: root contacts of conversations these facts name, because they must be locked too."""
    if not wanted.message_ids and not wanted.conversation_ids and not wanted.keys:
        return {}
    values = (wanted.message_ids, wanted.conversation_ids, *wanted.columns)
    return {"roots": Asked(Root, ROOTS, values)}


class Root(msgspec.Struct, frozen=True):
    """A person to be locked."""

    root_id: int


ROOTS = """
    SELECT DISTINCT c.root_id FROM conversation v
    JOIN conversation t ON t.id = coalesce(v.joined_into_id, v.id)
    JOIN contact c ON c.id = t.contact_id
    WHERE v.id IN (
        SELECT unnest($2::bigint[])
        UNION SELECT conversation_id FROM message WHERE message_id = ANY($1) AND message_id <> ''
        UNION SELECT m.conversation_id FROM delivery d JOIN message m ON m.id = d.message_id
              WHERE d.provider_id = ANY($1) AND d.provider_id <> ''
        UNION SELECT k.conversation_id FROM thread_key k
              JOIN unnest($3::bigint[], $4::text[]) AS w (channel_id, key) USING (channel_id, key))
"""


def asked(wanted: Wanted) -> dict[str, Asked]:
    """What `known` reads, after the lock: every conversation these facts may join, and what leads there.

    Reads each `person` (customers/resolving.PERSON).
    """
    found = {"conversations": _asked_conversations(wanted), "last_agents": Asked(LastAgent, LAST_AGENTS)}
    if wanted.message_ids:
        found["said"] = Asked(Said, SAID, (wanted.message_ids,))
    if wanted.keys:
        found["keys"] = Asked(Keyed, KEYED, wanted.columns)
    if wanted.conversation_ids:
        found["mailed"] = Asked(Mailed, MAILED, (wanted.conversation_ids,))
    if wanted.has_short_kinds:
        found["pointers"] = Asked(Pointer, POINTERS)
    return found


def _asked_conversations(wanted: Wanted) -> Asked:
    """By the ways that may lead to one: a way nobody goes would cost its part of the plan in every batch."""
    if wanted.conversation_ids or wanted.message_ids or wanted.keys:
        named = (wanted.conversation_ids, wanted.message_ids, *wanted.columns, wanted.has_short_kinds)
        return Asked(Conversation, CONVERSATIONS, named)
    return Asked(Conversation, POINTED_AT if wanted.has_short_kinds else OF_THE_PEOPLE)


def known(found: dict[str, list[Any]]) -> Threads:
    """What the batch knows of conversations, out of the answers to `asked`."""
    conversations: list[Conversation] = found["conversations"]
    threads = Threads(
        said={},
        conversations={id_: one for one in conversations for id_ in (one.id, *one.joined_ids)},
        pointers={(one.channel_id, one.address_id): one.conversation_id for one in found.get("pointers", ())},
        last_agents={one.root_id: one.assignee_id for one in found["last_agents"]},
        keys={(one.channel_id, one.key): one.conversation_id for one in found.get("keys", ())},
        mailed=frozenset((one.conversation_id, one.recipient) for one in found.get("mailed", ())),
    )
    for said in found.get("said", ()):
        threads.said.setdefault(said.message_id, []).append(said)
    for conversation in conversations:
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    return threads


class LastAgent(msgspec.Struct, frozen=True):
    """Who last had a conversation with a person, by root contact."""

    root_id: int
    assignee_id: int


class Pointer(msgspec.Struct, frozen=True):
    """Where an address last was on a channel of a short kind."""

    channel_id: int
    address_id: int
    conversation_id: int


class Keyed(msgspec.Struct, frozen=True):
    """The conversation of a session, call or job."""

    channel_id: int
    key: str
    conversation_id: int


class Mailed(msgspec.Struct, frozen=True):
    """A mail carried a chat on: who answers it is whom it was sent to."""

    conversation_id: int
    recipient: str


MAILED = "SELECT conversation_id, recipient FROM chat_mailed WHERE conversation_id = ANY($1)"

SAID = """
    SELECT message_id, conversation_id, direction, channel_id, address_id, agent_id
    FROM (SELECT message_id, conversation_id, direction, channel_id, address_id, agent_id, id
          FROM message WHERE message_id = ANY($1) AND message_id <> ''
          UNION ALL
          SELECT d.provider_id, m.conversation_id, m.direction, d.channel_id, m.address_id, m.agent_id, m.id
          FROM delivery d JOIN message m ON m.id = d.message_id
          WHERE d.provider_id = ANY($1) AND d.provider_id <> '') AS named
    ORDER BY id DESC
"""

POINTERS = """
    SELECT p.channel_id, p.address_id, p.conversation_id
    FROM person JOIN thread_pointer p USING (address_id)
"""

KEYED = """
    SELECT k.channel_id, k.key, k.conversation_id FROM thread_key k
    JOIN unnest($1::bigint[], $2::text[]) AS w (channel_id, key) USING (channel_id, key)
"""

LAST_AGENTS = """
    SELECT DISTINCT ON (c.root_id) c.root_id, newest.assignee_id
    FROM person JOIN contact c ON c.root_id = person.root_id
    CROSS JOIN LATERAL (
        SELECT v.assignee_id, v.last_message_at FROM conversation v
        WHERE v.contact_id = c.id AND v.assignee_id IS NOT NULL
        ORDER BY v.last_message_at DESC LIMIT 1) AS newest
    ORDER BY c.root_id, newest.last_message_at DESC
"""

BY_POINTER = """
    SELECT p.conversation_id FROM thread_pointer p WHERE p.address_id IN (SELECT address_id FROM person)
"""
BY_NAME = f"""
    SELECT unnest($1::bigint[])
    UNION SELECT conversation_id FROM message WHERE message_id = ANY($2) AND message_id <> ''
    UNION SELECT m.conversation_id FROM delivery d JOIN message m ON m.id = d.message_id
          WHERE d.provider_id = ANY($2) AND d.provider_id <> ''
    UNION SELECT k.conversation_id FROM thread_key k
          JOIN unnest($3::bigint[], $4::text[]) AS w (channel_id, key) USING (channel_id, key)
    UNION {BY_POINTER} AND $5
"""


def _conversations(named: str) -> str:
    """Those a SELECT of ids names (following joins), and the recently active ones of these people."""
    followed = (
        f"SELECT coalesce(joined_into_id, id) FROM conversation WHERE id IN ({named}) UNION" if named else ""
    )
    return f"""
    WITH active AS (
        SELECT v.id FROM conversation v JOIN contact c ON c.id = v.contact_id
        WHERE c.root_id IN (SELECT root_id FROM person)
          AND v.last_message_at > now() - interval '{ACTIVE_DAYS} days' AND v.joined_into_id IS NULL
        ORDER BY v.last_message_at DESC LIMIT 2000
    ), locked AS MATERIALIZED (
        SELECT v.* FROM conversation v
        WHERE v.id = ANY (ARRAY({followed} SELECT id FROM active))
        ORDER BY v.id FOR NO KEY UPDATE
    )
    SELECT v.id, v.state, v.subject, v.contact_id, c.root_id, v.account_id, v.assignee_id, v.team_id,
           v.covering_for_id, v.channel_id, v.priority, v.tags, v.waiting_since, v.last_message_at,
           v.last_seq, v.last_in_seq, v.last_channel_id, v.last_preview, v.closed_at, v.language, v.token,
           ARRAY(SELECT p.address_id FROM participant p
                 WHERE p.conversation_id = v.id AND p.role <> 'suggested') AS participants,
           ARRAY(SELECT p.address_id FROM participant p
                 WHERE p.conversation_id = v.id AND p.role = 'suggested') AS suggested,
           ARRAY(SELECT j.id FROM conversation j WHERE j.joined_into_id = v.id) AS joined_ids
    FROM locked v JOIN contact c ON c.id = v.contact_id
    """


CONVERSATIONS = _conversations(BY_NAME)
POINTED_AT = _conversations(BY_POINTER)
OF_THE_PEOPLE = _conversations("")
