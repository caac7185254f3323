"""Which conversation does a message belong to? Proof before guess (DESIGN.md §4, INVARIANTS §13)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from hub.channels.facts import MessageReceived
from hub.conversations.threads import ACTIVE_DAYS, MOST_REFERENCES, Conversation, Threads, number_in
from hub.customers.resolving import Sender

POINTER_DAYS = 14
PREFIX = re.compile(r"^\s*((re|rv|fw|fwd|rsp|resp|aw|wg|tr|sv|enc)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)


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


class Sendout(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's message that is being answered: to whom it went, who sent it, and the conversation it stands in."""

    root_id: int
    agent_id: int | None
    conversation_id: int | None


def decide(
    threads: Threads,
    fact: MessageReceived,
    sender: Sender,
    *,
    channel_id: int,
    proven: dict[str, int],
    has_subject: bool,
    now: datetime,
    sendout: Sendout | None = None,
) -> Threaded:
    """Proof before guess; the first that answers decides."""
    if fact.new_matter:
        return Threaded(conversation=None, proof="new")
    found = (
        _by_reply_address(threads, fact, sender, proven)
        or _by_sendout(threads, sender, sendout)
        or _by_reference(threads, fact, sender, channel_id)
        or _by_key(threads, fact, channel_id, now)
        or _by_pointer(threads, sender, channel_id, has_subject, now)
        or _by_activity(threads, fact, sender, has_subject, now)
        or _new(sender, sendout)
    )
    if found.conversation is None:
        found.belongs_to_id = _suggested(threads, fact)
    return found


def _by_reply_address(
    threads: Threads, fact: MessageReceived, sender: Sender, proven: dict[str, int]
) -> Threaded | None:
    """The address we signed for this conversation: only who got a message of it can know it."""
    if not fact.proof:
        return None
    conversation = threads.find(proven.get(fact.proof))
    if conversation is None:
        return None
    answered = next((s for name in _names(fact) for s in threads.said.get(name, ()) if s.agent_id), None)
    return Threaded(
        conversation=conversation,
        proof="reply_address",
        stranger=_is_stranger(conversation, sender)
        and (proven[fact.proof], sender.value) not in threads.mailed,
        answered_agent_id=answered.agent_id if answered else conversation.assignee_id,
    )


def _by_sendout(threads: Threads, sender: Sender, sendout: Sendout | None) -> Threaded | None:
    """Where the campaign's message was answered before."""
    conversation = threads.find(sendout.conversation_id) if sendout else None
    if conversation is None:
        return None
    return Threaded(
        conversation=conversation,
        proof="campaign",
        stranger=_is_stranger(conversation, sender),
        answered_agent_id=conversation.assignee_id or (sendout.agent_id if sendout else None),
    )


def _new(sender: Sender, sendout: Sendout | None) -> Threaded:
    """A new matter; an answer to a campaign's message is one of whom it was sent to, and goes to who sent it."""
    if sendout is None:
        return Threaded(conversation=None, proof="new")
    return Threaded(
        conversation=None,
        proof="campaign",
        stranger=sender.root_id != sendout.root_id,
        answered_agent_id=sendout.agent_id,
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
    if not fact.references:
        return [fact.in_reply_to] if fact.in_reply_to else []
    newest_first = reversed(fact.references[-MOST_REFERENCES:])
    return [name for name in (fact.in_reply_to, *newest_first) if name]


def _by_key(threads: Threads, fact: MessageReceived, channel_id: int, now: datetime) -> Threaded | None:
    """The chat session, call or fax job this is part of, as the channel itself proves."""
    conversation = threads.find(threads.keys.get((channel_id, fact.thread))) if fact.thread else None
    if conversation is None or _is_over(conversation, now):
        return None
    return Threaded(conversation=conversation, proof="thread", answered_agent_id=conversation.assignee_id)


def _is_over(conversation: Conversation, now: datetime) -> bool:
    closed = conversation.closed_at
    return closed is not None and closed < now - timedelta(days=POINTER_DAYS)


def _by_pointer(
    threads: Threads, sender: Sender, channel_id: int, has_subject: bool, now: datetime
) -> Threaded | None:
    """Short kinds go on where this address last was, if that is open or closed less than 14 days ago."""
    conversation = threads.find(threads.pointers.get((channel_id, sender.address_id)))
    if has_subject or conversation is None or _is_over(conversation, now):
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


@lru_cache(maxsize=4_000)
def plain_subject(subject: str) -> str:
    """A subject without Re:, RV:, Fwd: and spaces, for comparing."""
    return " ".join(PREFIX.sub("", subject[:300]).split()).casefold()


def _is_stranger(conversation: Conversation, sender: Sender) -> bool:
    return sender.root_id != conversation.root_id and sender.address_id not in conversation.participants


def _suggested(threads: Threads, fact: MessageReceived) -> int | None:
    found = threads.find(number_in(fact.subject))
    return found.id if found else None
