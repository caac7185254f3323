"""How a batch comes in: it claims what is new, then meets and locks whom that concerns (INVARIANTS §1, steps 1–3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.campaigns import answers
from hub.channels import arrivals
from hub.channels.arrivals import Arrival
from hub.channels.facts import AnyFact, CallChanged, MessageReceived, OptedIn, OptedOut, message_of
from hub.channels.registry import adapter
from hub.conversations import calls, thread_lookup
from hub.conversations.thread_lookup import Wanted
from hub.customers import resolving, suppression
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

NAME = 200  # characters of a name that are kept


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A batch inside: its new facts, everybody registered and locked, and what is to be looked up for them."""

    fresh: list[tuple[Arrival, int, AnyFact]]
    met: resolving.Met
    wanted: Wanted
    proven: dict[str, int]
    tokens: dict[str, int]
    named: list[answers.Named]


class _Fact(msgspec.Struct, frozen=True):
    """A fact under its key, once; `sender` is None where nobody is met."""

    slot: arrivals.Slot
    arrival: Arrival
    number: int
    sender: resolving.Key | None
    name: str


async def enter(tx: Tx, crypto: Crypto, batch: Sequence[Arrival]) -> Entered:
    """Claim → register → lock, in one statement; before it, where facts name something, one that asks whose it is."""
    await _pass_over(tx, crypto, batch)
    facts = [_fact(slot, *first) for slot, first in sorted(arrivals.slots(batch).items())]
    said = [(one.arrival, message) for one in facts if (message := _said(one)) is not None]
    messages = [message for _, message in said]
    proven = thread_lookup.proven_ids(crypto, messages)
    tokens = answers.tokens_of(crypto, messages)
    wanted = _wanted(said, proven)
    named, roots = await _named(tx, wanted, tokens)
    return Entered(
        met=await _claim_and_meet(tx, batch, facts, [one.key for one in named], roots),
        fresh=[(arrival, number, arrival.facts[number]) for arrival in batch for number in arrival.fresh],
        wanted=thread_lookup.with_more(wanted, [one.conversation_id for one in named]),
        proven=proven,
        tokens=tokens,
        named=named,
    )


async def _pass_over(tx: Tx, crypto: Crypto, batch: Sequence[Arrival]) -> None:
    """Late steps of calls that went with an erased person are nobody's: a recording would bring its caller back."""
    steps = [(one, fact) for one in batch for fact in one.facts if isinstance(fact, CallChanged)]
    begun = {(one.line.id, fact.call) for one, fact in steps if fact.step == "rang"}
    later = [(one, fact) for one, fact in steps if (one.line.id, fact.call) not in begun]
    numbers = {number for _, fact in later for number in (fact.caller.address, fact.called) if number}
    erased = await suppression.erased(tx, crypto, numbers) if numbers else frozenset()
    for arrival, fact in later:
        is_of_erased = not erased.isdisjoint((fact.caller.address, fact.called))
        arrival.nobodys = is_of_erased and await calls.find(tx, arrival.line.id, fact) is None


def _fact(slot: arrivals.Slot, arrival: Arrival, number: int) -> _Fact:
    fact = arrival.facts[number]
    from_whom = (
        None if arrival.nobodys else fact if isinstance(fact, OptedOut | OptedIn) else message_of(fact)
    )
    if from_whom is None:
        return _Fact(slot, arrival, number, None, "")
    key = resolving.key(adapter(arrival.line.kind).can.address_type, from_whom)
    return _Fact(slot, arrival, number, key, from_whom.sender.name)


def _said(one: _Fact) -> MessageReceived | None:
    return None if one.arrival.nobodys else message_of(_of(one))


def _of(one: _Fact) -> AnyFact:
    return one.arrival.facts[one.number]


def _wanted(said: Sequence[tuple[Arrival, MessageReceived]], proven: dict[str, int]) -> Wanted:
    facts = [fact for _, fact in said]
    return Wanted(
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


async def _claim_and_meet(
    tx: Tx, batch: Sequence[Arrival], facts: Sequence[_Fact], named: Sequence[resolving.Key], roots: list[int]
) -> resolving.Met:
    """Whoever wrote what is new, and the recipients and `roots` that facts name, are there and locked."""
    names: dict[resolving.Key, str] = dict.fromkeys(named, "")
    for one in facts:
        if one.sender is not None:
            names[one.sender] = names.get(one.sender) or one.name[:NAME]
    rows = [_row(number, one, names) for number, one in enumerate(facts)]
    rows += [(-1, None, None, None, None, *key, names[key]) for key in named]
    asked = (ENTER, rows, roots) if names else (arrivals.CLAIM, rows)
    found = await tx.record(*asked)
    assert found is not None
    fresh = [facts[number] for number in found["fresh"] if number >= 0]
    arrivals.claimed(batch, [(one.arrival, one.number) for one in fresh])
    if not names:
        return resolving.Met([], frozenset())
    concerned = [*named, *(one.sender for one in fresh if one.sender is not None)]
    return resolving.met(found) or await resolving.meet(tx, {key: names[key] for key in concerned}, roots)


def _row(number: int, one: _Fact, names: dict[resolving.Key, str]) -> tuple[Any, ...]:
    """A `fact_row`; without a key it only names somebody to be met."""
    told = arrivals.fact_outcome(_of(one))
    who = (None, None, None) if one.sender is None else (*one.sender, names[one.sender])
    return number, *one.slot, one.arrival.id, told, *who


ENTER = f"""
    WITH {arrivals.CLAIMING}, wanted AS MATERIALIZED (
        SELECT DISTINCT type, value, name FROM fresh WHERE type IS NOT NULL
    ), named AS (SELECT unnest($2::bigint[]) AS id), {resolving.MEETING}
    SELECT {arrivals.CLAIMED}, {resolving.MET} FROM complete
"""
