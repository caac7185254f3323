"""Which conversation does a message belong to? Proof before guess (DESIGN.md §4, INVARIANTS §13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.channels.facts import MessageReceived
from hub.customers.resolving import Sender
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

POINTER_DAYS = 14
ACTIVE_DAYS = 7
MOST_REFERENCES = 30
NUMBER = re.compile(r"#\s?(\d{1,12})\b")
PREFIX = re.compile(r"^\s*((re|rv|fw|fwd|rsp|resp|aw|wg|tr|sv|enc)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)


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

    def find(self, id_: int | None) -> Conversation | None:
        """The conversation `id_`, or the one it was joined into."""
        return self.conversations.get(id_) if id_ else None


class Threaded(msgspec.Struct, kw_only=True):
    """Where a message goes. `conversation` None: a new one. `proof` names how we know.

    `stranger`: the proof was good but the sender is nobody we wrote to: joined, never made a recipient.
    `answered_agent_id`: who wrote what is being answered. `belongs_to_id`: a number in the subject suggests it.
    """

    conversation: Conversation | None
    proof: str
    stranger: bool = False
    answered_agent_id: int | None = None
    belongs_to_id: int | None = None


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
    return sorted({int(found[1]) for fact in facts if (found := NUMBER.search(fact.subject))})


async def named_people(tx: Tx, message_ids: Sequence[str], conversation_ids: Sequence[int]) -> list[int]:
    """Before the lock: root contacts of conversations these facts name, because they must be locked too."""
    if not message_ids and not conversation_ids:
        return []
    rows = await tx.fetch(
        """
        SELECT DISTINCT c.root_id FROM conversation v
        JOIN conversation t ON t.id = coalesce(v.joined_into_id, v.id)
        JOIN contact c ON c.id = t.contact_id
        WHERE v.id = ANY($2) OR v.id IN (SELECT conversation_id FROM message WHERE message_id = ANY($1))
        """,
        list(message_ids),
        list(conversation_ids),
    )
    return [row["root_id"] for row in rows]


async def look_up(
    tx: Tx,
    senders: Sequence[Sender],
    message_ids: Sequence[str],
    conversation_ids: Sequence[int],
    *,
    has_short_kinds: bool,
) -> Threads:
    """After the lock: named messages, pointers (short kinds only), and every conversation these facts may join."""
    said = await _said(tx, message_ids) if message_ids else []
    pointers = await _pointers(tx, senders) if has_short_kinds else {}
    ids = {*conversation_ids, *pointers.values(), *(one.conversation_id for one in said)}
    conversations = await _conversations(tx, sorted(ids), [sender.root_id for sender in senders])
    by_name: dict[str, list[Said]] = {}
    for one in said:
        by_name.setdefault(one.message_id, []).append(one)
    threads = Threads(by_name, conversations, pointers, await _last_agents(tx, senders))
    for conversation in {one.id: one for one in conversations.values()}.values():
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    return threads


async def _said(tx: Tx, message_ids: Sequence[str]) -> list[Said]:
    return await tx.rows(
        Said,
        """
        SELECT message_id, conversation_id, direction, channel_id, address_id, agent_id
        FROM message WHERE message_id = ANY($1) ORDER BY id DESC
        """,
        list(message_ids),
    )


async def _pointers(tx: Tx, senders: Sequence[Sender]) -> dict[tuple[int, int], int]:
    rows = await tx.fetch(
        "SELECT channel_id, address_id, conversation_id FROM thread_pointer WHERE address_id = ANY($1)",
        [sender.address_id for sender in senders],
    )
    return {(row["channel_id"], row["address_id"]): row["conversation_id"] for row in rows}


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


def decide(
    threads: Threads,
    fact: MessageReceived,
    sender: Sender,
    *,
    channel_id: int,
    proven: dict[str, int],
    has_subject: bool,
    now: datetime,
) -> Threaded:
    """Proof before guess; the first that answers decides."""
    found = (
        _by_reply_address(threads, fact, sender, proven)
        or _by_reference(threads, fact, sender, channel_id)
        or _by_pointer(threads, sender, channel_id, has_subject, now)
        or _by_activity(threads, fact, sender, has_subject, now)
        or Threaded(conversation=None, proof="new")
    )
    if found.conversation is None:
        found.belongs_to_id = _suggested(threads, fact)
    return found


def _by_reply_address(
    threads: Threads, fact: MessageReceived, sender: Sender, proven: dict[str, int]
) -> Threaded | None:
    """The address we signed for this conversation: only who got a message of it can know it."""
    conversation = threads.find(proven.get(fact.proof))
    if conversation is None:
        return None
    answered = next((s for name in _names(fact) for s in threads.said.get(name, ()) if s.agent_id), None)
    return Threaded(
        conversation=conversation,
        proof="reply_address",
        stranger=_is_stranger(conversation, sender),
        answered_agent_id=answered.agent_id if answered else conversation.assignee_id,
    )


def _by_reference(
    threads: Threads, fact: MessageReceived, sender: Sender, channel_id: int
) -> Threaded | None:
    """In-Reply-To or References naming what we sent, or what this same address wrote on this channel."""
    for name in _names(fact):
        for said in threads.said.get(name, ()):
            ours = said.direction == "out"
            own = said.direction == "in" and (said.channel_id, said.address_id) == (
                channel_id,
                sender.address_id,
            )
            conversation = threads.find(said.conversation_id)
            if conversation is not None and (ours or own):
                return Threaded(
                    conversation=conversation,
                    proof="reference",
                    stranger=_is_stranger(conversation, sender),
                    answered_agent_id=said.agent_id,
                )
    return None


def _names(fact: MessageReceived) -> list[str]:
    """What a fact answers, nearest first."""
    newest_first = reversed(fact.references[-MOST_REFERENCES:])
    return [name for name in (fact.in_reply_to, *newest_first) if name]


def _by_pointer(
    threads: Threads, sender: Sender, channel_id: int, has_subject: bool, now: datetime
) -> Threaded | None:
    """Short kinds go on where this address last was, if that is open or closed less than 14 days ago."""
    conversation = threads.find(threads.pointers.get((channel_id, sender.address_id)))
    if has_subject or conversation is None:
        return None
    closed = conversation.closed_at
    if closed is not None and closed < now - timedelta(days=POINTER_DAYS):
        return None
    return Threaded(conversation=conversation, proof="pointer", answered_agent_id=conversation.assignee_id)


def _by_activity(
    threads: Threads, fact: MessageReceived, sender: Sender, has_subject: bool, now: datetime
) -> Threaded | None:
    """A proven person's only active conversation; where there are subjects, it must be the same subject."""
    if not (fact.verified and sender.verified) or fact.automatic or sender.shared:
        return None
    active = [
        conversation
        for conversation in threads.by_root.get(sender.root_id, ())
        if conversation.state in ("open", "snoozed")
        and conversation.last_message_at > now - timedelta(days=ACTIVE_DAYS)
    ]
    if has_subject:
        active = [one for one in active if plain_subject(one.subject) == plain_subject(fact.subject) != ""]
    if len(active) != 1:
        return None
    return Threaded(conversation=active[0], proof="only_active", answered_agent_id=active[0].assignee_id)


def plain_subject(subject: str) -> str:
    """A subject without Re:, RV:, Fwd: and spaces, for comparing."""
    return " ".join(PREFIX.sub("", subject[:300]).split()).casefold()


def _is_stranger(conversation: Conversation, sender: Sender) -> bool:
    return sender.root_id != conversation.root_id and sender.address_id not in conversation.participants


def _suggested(threads: Threads, fact: MessageReceived) -> int | None:
    number = NUMBER.search(fact.subject)
    found = threads.find(int(number[1])) if number else None
    return found.id if found else None


def remember(
    threads: Threads, fact: MessageReceived, conversation: Conversation, sender: Sender, channel_id: int
) -> None:
    """Let the batch's later messages see this one (INVARIANTS §2)."""
    if conversation.id not in threads.conversations:
        threads.conversations[conversation.id] = conversation
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    threads.pointers[channel_id, sender.address_id] = conversation.id
    if fact.external_id:
        said = Said(fact.external_id, conversation.id, "in", channel_id, sender.address_id, None)
        threads.said.setdefault(fact.external_id, []).insert(0, said)
