"""The ledger of arrivals: every raw thing that came, the key of every fact, and what became of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.channels.base import Raw
from hub.channels.facts import (
    AnyFact,
    CallChanged,
    DeliveryReported,
    Ignored,
    MessageReceived,
    OptedIn,
    OptedOut,
    TypingSeen,
    Unreadable,
)
from hub.channels.outgoing import Line
from hub.plumbing.db import Tx, as_json
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

RAW_IN_ROW = 64 * 1024


class Arrival(msgspec.Struct, kw_only=True):
    """One raw thing on its way in, with the facts understood of it. `cost` in bytes of row data.

    `nobodys`: it tells of somebody who was erased; that it came is kept, its bytes and words are not.
    """

    id: int
    line: Line
    raw: Raw
    facts: list[AnyFact]
    received_at: datetime
    cost: int
    raw_file: str | None = None
    team_id: int | None = None
    again: bool = False
    done: asyncio.Future[Outcome] | None = None
    outcome: str = ""
    reason: str = ""
    fresh: list[int] = msgspec.field(default_factory=list)
    nobodys: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an arrival. `state`: stored, duplicate, ignored or unreadable."""

    state: str
    arrival_id: int
    reason: str = ""
    conversation_id: int | None = None
    message_id: int | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger. `raw` is None when the bytes lie in `raw_file`, and for what is not kept (`write`)."""

    id: int
    channel_id: int
    channel_name: str
    received_at: datetime
    outcome: str
    reason: str
    envelope: dict[str, str]
    size: int
    raw: bytes | None
    raw_file: str | None


async def load(tx: Tx, arrival_id: int) -> Kept:
    """One row of the ledger, bytes included. Raises NotFound."""
    found = await tx.row(
        Kept,
        """
        SELECT a.id, a.channel_id, c.name AS channel_name, a.received_at, a.outcome, a.reason, a.envelope, a.size,
               a.raw, a.raw_file
        FROM arrival a JOIN channel c ON c.id = a.channel_id WHERE a.id = $1
        """,
        arrival_id,
    )
    if found is None:
        raise NotFound(_("There is no arrival %(id)s.", id=arrival_id))
    return found


async def listed(tx: Tx, outcome: str, *, before: int | None = None, most: int = 50) -> list[Kept]:
    """Rows with this outcome, newest first, without their bytes; `before` pages on by id."""
    few = (
        "" if outcome == "stored" else "a.outcome <> 'stored' AND"
    )  # what the index of the others is made for
    return await tx.rows(
        Kept,
        f"""
        SELECT a.id, a.channel_id, c.name AS channel_name, a.received_at, a.outcome, a.reason, a.envelope, a.size,
               NULL::bytea AS raw, a.raw_file
        FROM arrival a JOIN channel c ON c.id = a.channel_id
        WHERE {few} a.outcome = $1 AND ($2::bigint IS NULL OR a.id < $2) ORDER BY a.id DESC LIMIT $3
        """,
        outcome,
        before,
        most,
    )


def key_hash(arrival: Arrival, fact: AnyFact) -> bytes:
    """The idempotency key of a fact, hashed; a fact without key is as unique as its raw bytes."""
    return _hashed(fact.key or f"raw:{hashlib.sha256(arrival.raw.body).hexdigest()}")


async def answer_of(tx: Tx, channel_id: int, fact: AnyFact) -> dict[str, Any] | None:
    """What the provider was told about this fact; None for nothing yet. The key's row stays locked."""
    found: dict[str, Any] | None = await tx.value(
        "SELECT answer FROM arrival_key WHERE channel_id = $1 AND key_hash = $2 FOR UPDATE",
        channel_id,
        _hashed(fact.key),
    )
    return found


async def keep_answer(tx: Tx, channel_id: int, fact: AnyFact, answer: dict[str, Any]) -> None:
    """Keep what the provider is told, to be repeated for a repeated request (promise 48)."""
    await tx.execute(
        "UPDATE arrival_key SET answer = $3 WHERE channel_id = $1 AND key_hash = $2",
        channel_id,
        _hashed(fact.key),
        answer,
    )


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def fact_outcome(fact: AnyFact) -> str:
    """What the ledger says of a fact that is new."""
    match fact:
        case Unreadable():
            return "unreadable"
        case Ignored() | TypingSeen():
            return "ignored"
        case MessageReceived() | DeliveryReported() | CallChanged() | OptedOut() | OptedIn():
            return "stored"


Slot = tuple[int, bytes]
"""A fact's key: its channel's id and the key's hash."""


def slots(arrivals: Sequence[Arrival]) -> dict[Slot, tuple[Arrival, int]]:
    """Each key of these arrivals once, with the first arrival that brings it and its fact's number."""
    found: dict[Slot, tuple[Arrival, int]] = {}
    for arrival in arrivals:
        for number, fact in enumerate(arrival.facts):
            found.setdefault((arrival.line.id, key_hash(arrival, fact)), (arrival, number))
    return found


# Parts of a statement: `given (channel_id, key_hash, arrival_id, outcome, …)`, rows of `fact_row`, and which are new.
# A key whose outcome is unreadable is taken over: the parser may have learnt to read it.
CLAIMING = """
    given AS MATERIALIZED (SELECT * FROM unnest($1::fact_row[])),
    claimed AS (
        INSERT INTO arrival_key (channel_id, key_hash, arrival_id, outcome)
        SELECT channel_id, key_hash, arrival_id, outcome FROM given WHERE key_hash IS NOT NULL ORDER BY 1, 2
        ON CONFLICT (channel_id, key_hash) DO UPDATE
            SET arrival_id = excluded.arrival_id, outcome = excluded.outcome
            WHERE arrival_key.outcome = 'unreadable'
        RETURNING channel_id, key_hash
    ), fresh AS MATERIALIZED (
        SELECT number, type, value, name FROM given
        WHERE key_hash IS NULL OR (channel_id, key_hash) IN (SELECT channel_id, key_hash FROM claimed)
    )
"""
CLAIMED = "ARRAY(SELECT number FROM fresh) AS fresh"
CLAIM = f"WITH {CLAIMING} SELECT {CLAIMED}"


def claimed(arrivals: Sequence[Arrival], fresh: Sequence[tuple[Arrival, int]]) -> None:
    """Step 1 of the road in: keep only the facts nobody has stored, these (INVARIANTS §1, §3).

    Sets each arrival's `fresh` (numbers of its new facts), `outcome` and `reason`.
    """
    for arrival in arrivals:
        arrival.fresh = []
    for arrival, number in fresh:
        arrival.fresh.append(number)
    for arrival in arrivals:
        arrival.fresh.sort()
        arrival.outcome, arrival.reason = _summary(arrival)


def _summary(arrival: Arrival) -> tuple[str, str]:
    facts = [arrival.facts[number] for number in arrival.fresh]
    outcomes = [fact_outcome(fact) for fact in facts]
    for outcome in ("unreadable", "stored", "ignored"):
        if outcome in outcomes:
            return outcome, getattr(
                facts[outcomes.index(outcome)], "reason", ""
            ) if outcome != "stored" else ""
    return "duplicate", "this was stored before"


def write(tx: Tx, arrivals: Sequence[Arrival]) -> None:
    """The ledger rows; a repeated arrival updates its own. Of duplicates, and of nobody's, only that they came."""
    tx.together(
        """
        INSERT INTO arrival (id, channel_id, received_at, outcome, reason, envelope, size, raw, raw_file)
        SELECT id, channel_id, received_at, outcome, reason, coalesce(envelope, '{}')::jsonb, size, raw, raw_file
        FROM unnest($1::arrival_row[])
        ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason
        """,
        [_row(one) for one in arrivals],
    )


def _row(one: Arrival) -> tuple[Any, ...]:
    """An `arrival_row`."""
    is_kept = not one.nobodys and one.outcome != "duplicate"
    return (
        one.id,
        one.line.id,
        one.received_at,
        one.outcome,
        one.reason[:1000],
        as_json(one.raw.envelope) if is_kept and one.raw.envelope else None,
        len(one.raw.body),
        one.raw.body if is_kept and one.raw_file is None else None,
        one.raw_file if is_kept else None,
    )


async def duplicates_of(tx: Tx, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """For arrivals that are duplicates: which stored arrival each repeats (by arrival id)."""
    repeated = [a for a in arrivals if a.outcome == "duplicate" and a.facts]
    if not repeated:
        return {}
    rows = await tx.fetch(
        """
        SELECT w.n, k.arrival_id FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS w (n, channel_id, key_hash)
        JOIN arrival_key k USING (channel_id, key_hash)
        """,
        [a.id for a in repeated],
        [a.line.id for a in repeated],
        [key_hash(a, a.facts[0]) for a in repeated],
    )
    return {row["n"]: row["arrival_id"] for row in rows}


def held(raw: Raw, facts: list[AnyFact]) -> int:
    """Bytes in memory until the commit: what arrived, and what was understood of it."""
    found = len(raw.body)
    for fact in facts:
        if isinstance(fact, MessageReceived):
            found += 2 * len(fact.text) + len(fact.html)
            for attached in fact.attachments:
                found += len(attached.content)
    return found


def cost(raw: Raw, facts: list[AnyFact], raw_file: str | None) -> int:
    """Bytes of row data, roughly: what makes a batch large."""
    found = 500 if raw_file else 500 + len(raw.body)
    for fact in facts:
        if isinstance(fact, MessageReceived):
            found += 2 * len(fact.text) + len(fact.html) + 1_000
    return found
