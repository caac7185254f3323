"""What one batch of the road in knows: looked up once, then grown fact by fact (INVARIANTS §1–2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hub.campaigns import answers
from hub.channels.arrivals import Arrival
from hub.channels.facts import (
    AnyFact,
    CallChanged,
    DeliveryReported,
    MessageReceived,
    OptedIn,
    OptedOut,
    message_of,
)
from hub.channels.registry import adapter
from hub.conversations import fallback, thread_lookup
from hub.conversations.bringing_in import BroughtIn
from hub.conversations.messages import Stored
from hub.conversations.thread_lookup import Wanted
from hub.conversations.threads import Threads
from hub.customers import consent, resolving
from hub.customers.resolving import People
from hub.deliveries import reports
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.sequences import Sequences
from hub.routing import engine
from hub.routing.cases import Decision, Staff
from hub.routing.rules import RuleSet

Files = dict[str, str]  # content's SHA-256 → key in the file store


class World(msgspec.Struct, kw_only=True):
    """What the batch knows: looked up once, then grown fact by fact so that N at once equal one by one."""

    ids: Sequences
    people: People
    known: Threads
    proven: dict[str, int]
    staff: Staff
    rules: RuleSet
    sent: reports.Known
    ledger: consent.Ledger
    written: answers.Known
    falling_back: set[int]
    files: Files
    stored: list[Stored] = []
    above: list[BroughtIn] = []
    decisions: list[tuple[int, Decision]] = []
    pointers: dict[tuple[int, int], int] = {}
    reported: list[reports.Reported] = []
    wishes: list[consent.Wish] = []
    calls: list[tuple[Arrival, CallChanged]] = []
    outcomes: dict[int, tuple[int, int]] = {}


async def look_up(
    tx: Tx,
    crypto: Crypto,
    ids: Sequences,
    fresh: Sequence[tuple[Arrival, int, AnyFact]],
    files: Files,
    met: Callable[[], None],
) -> World:
    """Meet and lock everybody these facts concern, then read what deciding them takes: register → lock → look up.

    Calls `met` once everybody is locked.
    """
    said = [(arrival, said) for arrival, _, fact in fresh if (said := message_of(fact)) is not None]
    facts = [fact for _, fact in said]
    senders: dict[resolving.Key, str] = {}
    wished = [(arrival, fact) for arrival, _, fact in fresh if isinstance(fact, OptedOut | OptedIn)]
    for arrival, fact in (*said, *wished):
        one = resolving.key(adapter(arrival.line.kind).can.address_type, fact)
        senders[one] = senders.get(one) or fact.sender.name
    proven = thread_lookup.proven_ids(crypto, facts)
    wanted = _wanted(said, senders, proven)
    people, known = People({}), Threads({}, {}, {}, {})
    staff, rules = Staff(agents={}, teams={}), RuleSet(version=0, rows=())
    ledger: consent.Ledger = {}
    falling_back: set[int] = set()
    written = answers.Known()
    if senders:
        tokens = answers.tokens_of(crypto, facts)
        named, roots = await _named(tx, wanted, tokens)
        senders = {one.key: "" for one in named} | senders
        wanted = thread_lookup.with_more(wanted, senders, [one.conversation_id for one in named])
        locked = await resolving.meet(tx, senders, roots)
        met()
        found = await tx.several(
            resolving.asked(wanted.senders)
            | thread_lookup.asked(wanted)
            | engine.asked()
            | fallback.asked()
            | answers.asked(wanted.senders, [one.id for one in named])
        )
        written = answers.known(found, tokens, named)
        people, known = resolving.known(found, locked), thread_lookup.known(found)
        staff, rules = engine.known(found)
        falling_back = {one.conversation_id for one in found["fallbacks"]}
        stopping = [resolving.key(adapter(one.line.kind).can.address_type, fact) for one, fact in wished]
        ledger = await consent.look_up(tx, sorted({people.by_key[one].address_id for one in stopping}))
    reported = [(arrival.line.id, fact) for arrival, _, fact in fresh if isinstance(fact, DeliveryReported)]
    return World(
        ids=ids,
        people=people,
        known=known,
        proven=proven,
        staff=staff,
        rules=rules,
        sent=await reports.look_up(tx, crypto, reported),
        ledger=ledger,
        written=written,
        falling_back=falling_back,
        files=files,
    )


def _wanted(
    said: Sequence[tuple[Arrival, MessageReceived]], senders: dict[resolving.Key, str], proven: dict[str, int]
) -> Wanted:
    facts = [fact for _, fact in said]
    return Wanted(
        senders=sorted(senders),
        message_ids=thread_lookup.named_ids(facts),
        conversation_ids=sorted({*proven.values(), *thread_lookup.suggested_ids(facts)}),
        keys=sorted({(arrival.line.id, fact.thread) for arrival, fact in said if fact.thread}),
        has_short_kinds=any(not adapter(arrival.line.kind).can.subject for arrival, _fact in said),
    )


async def _named(tx: Tx, wanted: Wanted, tokens: dict[str, int]) -> tuple[list[answers.Named], list[int]]:
    """Before the lock: whose campaign messages, and whose conversations, these facts name."""
    asked = thread_lookup.asked_people(wanted) | answers.asked_named(tokens.values(), wanted.message_ids)
    found: dict[str, list[Any]] = await tx.several(asked) if asked else {}
    named: list[answers.Named] = found.get("named", [])
    roots: list[int] = [one.root_id for one in found.get("roots", ())]
    return named, roots + [one.root_id for one in named if one.root_id]
