"""The road in: a table from fact to steps, walked by one batch in one transaction (INVARIANTS §1–5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.campaigns import answers
from hub.campaigns.outcomes import soon
from hub.channels import arrivals
from hub.channels.arrivals import Arrival, Outcome
from hub.channels.base import Capabilities
from hub.channels.facts import (
    CallChanged,
    DeliveryReported,
    Fact,
    Ignored,
    MessageReceived,
    OptedIn,
    OptedOut,
    TypingSeen,
    Unreadable,
)
from hub.channels.registry import adapter
from hub.conversations import bringing_in, calls, fallback, messages, threading, threads
from hub.conversations.awaited import expect as expect_files
from hub.conversations.messages import Stored
from hub.conversations.threading import Threaded
from hub.conversations.threads import Conversation
from hub.conversations.topics import topics
from hub.customers import claiming, consent, resolving
from hub.customers.resolving import Sender
from hub.deliveries import reports
from hub.entering import enter
from hub.plumbing import todo
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.sequences import Sequences
from hub.routing import arriving, engine
from hub.telling import tell
from hub.world import Files, Memory, World, look_up

MOST_HTML_IN_ROW = 1_000_000  # characters
CALL_LATE = timedelta(seconds=20)  # the request itself takes a call's step; after that a worker does


def html_digest(fact: MessageReceived) -> str:
    """Under which name a body too large for its row was put into the file store."""
    return hashlib.sha256(fact.html.encode()).hexdigest() if len(fact.html) > MOST_HTML_IN_ROW else ""


def message_received(
    world: World, arrival: Arrival, number: int, fact: MessageReceived, *, live: bool = True
) -> None:
    """Who wrote, which matter, what was said, who gets it; `live` False: not only whoever is here now."""
    can = adapter(arrival.line.kind).can
    now, channel_id = arrival.received_at, arrival.line.id
    sender = resolving.decide(world.people, can.address_type, arrival.line.kind, fact)
    campaign = _answered(world, fact, sender, channel_id, can, now)
    threaded = threading.decide(
        world.known,
        fact,
        sender,
        channel_id=channel_id,
        proven=world.proven,
        has_subject=can.subject,
        now=now,
        sendout=campaign.sendout if campaign else None,
    )
    written_to = world.people.by_key[campaign.key] if campaign and threaded.proof == "campaign" else sender
    conversation = threaded.conversation or _opened(
        world, arrival, _titled(fact, can, messages.preview(fact)), written_to
    )
    if campaign is not None and campaign.message_id is None:
        world.above.append(answers.place(world.ids.draw("message"), campaign, conversation, can))
    answers.note(world.written, campaign, fact, sender, now)
    if messages.receive(conversation, fact, channel_id=channel_id, now=now):
        _route(world, arrival, fact, sender, threaded, conversation, live=can.live and live)
    if not threaded.stranger and not can.subject:
        world.pointers[channel_id, sender.address_id] = conversation.id
    if conversation.assignee_id:
        world.known.last_agents[conversation.root_id] = conversation.assignee_id
    threads.remember(world.known, fact, conversation, sender, channel_id, stranger=threaded.stranger)
    stored = Stored(
        id=world.ids.draw("message"),
        conversation=conversation,
        seq=conversation.last_seq,
        arrival_id=arrival.id,
        fact_no=number,
        channel_id=channel_id,
        sender=sender,
        fact=_titled(fact, can, ""),
        stranger=threaded.stranger,
        belongs_to_id=threaded.belongs_to_id,
        files=world.files,
        html_file=world.files.get(html_digest(fact)),
        at=now,
    )
    world.stored.append(stored)
    world.outcomes[arrival.id] = conversation.id, stored.id


def _route(
    world: World,
    arrival: Arrival,
    fact: MessageReceived,
    sender: Sender,
    threaded: Threaded,
    conversation: Conversation,
    *,
    live: bool,
) -> None:
    """Find somebody for it, where nobody has it who can answer."""
    if not arriving.needed(conversation, world.staff):
        return
    asked = arriving.Arriving(
        line=arrival.line,
        team_id=arrival.team_id,
        live=live,
        fact=fact,
        sender=sender,
        threaded=threaded,
        conversation=conversation,
        last_agent_id=world.known.last_agents.get(sender.root_id),
        at=arrival.received_at,
    )
    world.decisions.append((conversation.id, arriving.decide(asked, world.staff, world.rules)))


def _answered(
    world: World, fact: MessageReceived, sender: Sender, channel_id: int, can: Capabilities, now: datetime
) -> answers.Written | None:
    """The campaign's message this answers, if it is one."""
    here = world.known.find(world.known.pointers.get((channel_id, sender.address_id)))
    return answers.proven(
        world.written,
        fact,
        sender,
        channel_id=channel_id,
        can=can,
        last_said=here.last_message_at if here else None,
        now=now,
    )


def _opened(world: World, arrival: Arrival, fact: MessageReceived, sender: Sender) -> Conversation:
    return messages.open_conversation(
        world.ids.draw("conversation"),
        fact,
        sender,
        channel_id=arrival.line.id,
        team_id=arrival.team_id,
        now=arrival.received_at,
    )


def _titled(fact: MessageReceived, can: Capabilities, title: str) -> MessageReceived:
    """Where people write no subjects, one that a machine wrote (a fax gateway's) is nobody's words."""
    return fact if can.subject or not fact.subject else msgspec.structs.replace(fact, subject=title)


def delivery_reported(world: World, arrival: Arrival, number: int, fact: DeliveryReported) -> None:
    """What became of something we sent."""
    told = reports.decide(world.sent, arrival.line.id, fact)
    arrival.nobodys = arrival.nobodys or told.erased
    world.reported.append(told)


def call_changed(world: World, arrival: Arrival, number: int, fact: CallChanged) -> None:
    """What a call says becomes a message, the owner's matter even when another's telephone rings for it now.

    The step itself is taken right after the commit, with whom to ring next (hub/answering.py).
    """
    if arrival.nobodys:
        return
    if fact.said is not None:
        message_received(world, arrival, number, fact.said, live=False)
    world.calls.append((arrival, fact))


def wish_told(world: World, arrival: Arrival, number: int, fact: OptedOut | OptedIn) -> None:
    """A person does not want to hear from us on this channel, or wants to again."""
    sender = world.people.by_key[resolving.key(adapter(arrival.line.kind).can.address_type, fact)]
    world.wishes.extend(consent.decide(world.ledger, sender.address_id, arrival.line.id, fact))


def nothing_more(world: World, arrival: Arrival, number: int, fact: Ignored | Unreadable) -> None:
    """The ledger has it; that is all."""


Step = Callable[[World, Arrival, int, Any], None]
ROAD: dict[type[Fact], Step] = {
    MessageReceived: message_received,
    DeliveryReported: delivery_reported,
    CallChanged: call_changed,
    OptedOut: wish_told,
    OptedIn: wish_told,
    TypingSeen: nothing_more,
    Ignored: nothing_more,
    Unreadable: nothing_more,
}


async def walk(
    tx: Tx,
    crypto: Crypto,
    ids: Sequences,
    batch: Sequence[Arrival],
    files: Files,
    locked: Callable[[], None] = lambda: None,
    memory: Memory | None = None,
) -> list[Outcome]:
    """One batch, one transaction: claim → register → lock → look up → decide → write.

    Calls `locked` once everybody is locked: what the next batch does from there on comes after this one.
    """
    entered = await enter(tx, crypto, batch)
    locked()
    world = await look_up(tx, crypto, ids, entered, files, memory or Memory())
    # An answer may bring a campaign's message along.
    await ids.fill(tx.connection, 2 * len(entered.fresh) + 1)
    for arrival, number, fact in entered.fresh:
        ROAD[type(fact)](world, arrival, number, fact)
    await _write(tx, world, batch)
    repeats = await arrivals.duplicates_of(tx, batch)
    return [_outcome(world, arrival, repeats) for arrival in batch]


async def _write(tx: Tx, world: World, batch: Sequence[Arrival]) -> None:
    arrivals.write(tx, batch)
    resolving.write(tx, world.people)
    claiming.keep(tx, [(one.sender.root_id, one.fact.claims) for one in world.stored], "message")
    await consent.record(tx, world.wishes)
    messages.write(tx, world.stored, world.pointers)
    bringing_in.write(tx, world.above)
    if answered_campaigns := answers.write(tx, world.written):
        await soon(tx, answered_campaigns)
    engine.keep(tx, world.decisions)
    await _begin_calls(tx, world)
    await tell(tx, await reports.write(tx, world.reported))
    awake = {stored.conversation.id for stored in world.stored if not stored.fact.automatic}
    if answered := awake & world.falling_back:
        await fallback.customer_wrote(tx, sorted(answered))
    await _follow(tx, world)


async def _begin_calls(tx: Tx, world: World) -> None:
    """Whoever rings has a row beside the message that tells of it."""
    for arrival, fact in world.calls:
        if fact.step == "rang" and arrival.id in world.outcomes:
            conversation_id, message_id = world.outcomes[arrival.id]
            await calls.begin(
                tx,
                channel_id=arrival.line.id,
                provider_id=fact.call,
                direction="in",
                conversation_id=conversation_id,
                message_id=message_id,
                number=fact.caller.address,
            )


async def _follow(tx: Tx, world: World) -> None:
    """What comes after the commit: search, balance, automatic answers, live pages; each has a row first."""
    if world.stored:
        said = [*(one.id for one in world.above), *(one.id for one in world.stored)]
        todo.add_batch(tx, "search_batch", said)
        await expect_files(tx, [(stored.id, one) for stored in world.stored for one in stored.fact.media])
    if with_pages := [one.id for one in world.stored if any(file.pages for file in one.fact.attachments)]:
        await todo.add_many(tx, "machine_reading", with_pages)
    if teams := sorted({d.team_id for _, d in world.decisions if d.balance and d.team_id}):
        await todo.add_many(tx, "balance", teams)
    for conversation_id, decision in world.decisions:
        if decision.auto_reply:
            await todo.add(tx, "auto_reply", conversation_id, {"wording": decision.auto_reply})
    for arrival, call in world.calls:
        step = {"channel_id": arrival.line.id, "fact": call}
        await todo.add(tx, "call", arrival.id, step, due_at=arrival.received_at + CALL_LATE)
    if world.stored or world.reported:
        tx.wake("todo")
    touched = {stored.conversation.id: stored.conversation for stored in world.stored}
    for conversation in touched.values():
        now = topics(conversation.assignee_id, conversation.team_id, conversation.state)
        lost = [topic for topic in conversation.topics_before if topic not in now]
        tx.signal("conversation", conversation.id, [*now, f"thread:{conversation.id}"], lost=lost)
    for stored in world.stored:
        tx.signal("message", stored.id, [f"conversation:{stored.conversation.id}"])


def _outcome(world: World, arrival: Arrival, repeats: dict[int, int]) -> Outcome:
    conversation_id, message_id = world.outcomes.get(arrival.id, (None, None))
    return Outcome(
        state=arrival.outcome,
        arrival_id=repeats.get(arrival.id, arrival.id),
        reason=arrival.reason,
        conversation_id=conversation_id,
        message_id=message_id,
    )
