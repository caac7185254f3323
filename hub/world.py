"""What one batch of the road in knows: looked up once, then grown fact by fact (INVARIANTS §1–2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.campaigns import answers
from hub.channels.arrivals import Arrival
from hub.channels.facts import (
    AnyFact,
    CallChanged,
    DeliveryReported,
    OptedIn,
    OptedOut,
)
from hub.channels.registry import adapter
from hub.conversations import fallback, thread_lookup
from hub.conversations.bringing_in import BroughtIn
from hub.conversations.messages import Stored
from hub.conversations.threads import Threads
from hub.customers import consent, resolving
from hub.customers.resolving import People
from hub.deliveries import reports
from hub.entering import Entered
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


class Memory(msgspec.Struct):
    """What one batch leaves to the next of its process: what rarely changes is read again only when it did.

    `campaigns`, `fallbacks`: there were some, so they are asked for with the rest. Each batch checks all of it in
    the statement that reads anyway, so what was committed before is seen.
    """

    standing: engine.Standing | None = None
    campaigns: bool = False
    fallbacks: bool = False


async def look_up(
    tx: Tx, crypto: Crypto, ids: Sequences, entered: Entered, files: Files, memory: Memory
) -> World:
    """Read what deciding these facts takes, in a later statement than the one that locked everybody."""
    fresh, met, named = entered.fresh, entered.met, entered.named
    people, known, ledger = People({}), Threads({}, {}, {}, {}), consent.Ledger()
    staff, rules = Staff(agents={}, teams={}), RuleSet(version=0, rows=())
    falling_back: set[int] = set()
    written = answers.Known()
    if met.address_ids:
        found, standing = await _found(tx, entered, memory)
        written = answers.known(found, entered.tokens, named)
        people, known = resolving.known(found, met.locked), thread_lookup.known(found)
        staff, rules = standing.staff, standing.rules
        falling_back = {one.conversation_id for one in found.get("fallbacks", ())}
        ledger = await consent.look_up(tx, _wishers(fresh, people))
    reported = [(arrival.line.id, fact) for arrival, _, fact in fresh if isinstance(fact, DeliveryReported)]
    return World(
        ids=ids,
        people=people,
        known=known,
        proven=entered.proven,
        staff=staff,
        rules=rules,
        sent=await reports.look_up(tx, crypto, reported),
        ledger=ledger,
        written=written,
        falling_back=falling_back,
        files=files,
    )


async def _found(tx: Tx, entered: Entered, memory: Memory) -> tuple[dict[str, list[Any]], engine.Standing]:
    """Everything in one statement, as long as what rarely changes did not; in a second what did.

    Other batches go on meanwhile: what they remember since is not what this one compared.
    """
    remembered = memory.standing
    addresses, named = entered.met.address_ids, [one.id for one in entered.named]
    staff, campaigns, fallbacks = (
        engine.asked_standing(),
        answers.asked(addresses, named),
        fallback.asked(),
    )
    live = any(adapter(arrival.line.kind).can.live for arrival, _, _ in entered.fresh)
    asked = resolving.asked() | thread_lookup.asked(entered.wanted) | engine.asked_moment()
    asked |= answers.asked_any() | fallback.asked_any()
    asked |= staff if live or remembered is None else {}
    asked |= campaigns if named or memory.campaigns else {}
    asked |= fallbacks if memory.fallbacks else {}
    found = await tx.several(asked, given=resolving.PERSON, values=(addresses,))
    memory.campaigns, memory.fallbacks = bool(found["any_campaign"]), bool(found["any_fallback"])
    more = {} if "agents" in found or engine.stands(remembered, found) else staff
    more |= campaigns if memory.campaigns and "written" not in found else {}
    more |= fallbacks if memory.fallbacks and "fallbacks" not in found else {}
    found |= await tx.several(more) if more else {}
    if remembered is None or "agents" in found:
        remembered = memory.standing = engine.standing(found)
    return found, remembered


def _wishers(fresh: Sequence[tuple[Arrival, int, AnyFact]], people: People) -> list[int]:
    """Addresses of those who said what they want to hear."""
    keys = {
        resolving.key(adapter(arrival.line.kind).can.address_type, fact)
        for arrival, _, fact in fresh
        if isinstance(fact, OptedOut | OptedIn)
    }
    return sorted(people.by_key[one].address_id for one in keys)
