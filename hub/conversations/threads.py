"""What the road in knows of conversations while it walks a batch: looked up once, grown fact by fact."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.facts import MessageReceived
from hub.customers.resolving import Sender

ACTIVE_DAYS = 7
MOST_REFERENCES = 30
NUMBER = re.compile(r"#\s?(\d{1,12})\b")


class Conversation(msgspec.Struct, kw_only=True):
    """A conversation as the batch knows it so far; `root_id` is its main contact's root.

    `participants` and the `suggested` ones are addresses; `newcomers` are those of both that have no row yet.
    """

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
    suggested: list[int] = []
    newcomers: list[int] = []
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


def number_in(subject: str) -> int | None:
    """A conversation's number written in a subject ("#48213")."""
    found = NUMBER.search(subject)
    return int(found[1]) if found else None


def remember(
    threads: Threads,
    fact: MessageReceived,
    conversation: Conversation,
    sender: Sender,
    channel_id: int,
    *,
    stranger: bool,
) -> None:
    """Let the batch's later messages see this one (INVARIANTS §2); a stranger's next one needs proof again."""
    if conversation.id not in threads.conversations:
        threads.conversations[conversation.id] = conversation
        threads.by_root.setdefault(conversation.root_id, []).append(conversation)
    address_id = sender.address_id
    if address_id not in conversation.participants and address_id not in conversation.suggested:
        (conversation.suggested if stranger else conversation.participants).append(address_id)
        conversation.newcomers.append(address_id)
    if not stranger:
        threads.pointers[channel_id, sender.address_id] = conversation.id
    if fact.thread:
        threads.keys[channel_id, fact.thread] = conversation.id
    if fact.external_id:
        said = Said(fact.external_id, conversation.id, "in", channel_id, sender.address_id, None)
        threads.said.setdefault(fact.external_id, []).insert(0, said)
