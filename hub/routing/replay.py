"""What a draft of the rules would have done with what really came, by the same `decide`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.plumbing.db import Tx
from hub.routing.cases import Case, Decision, Staff
from hub.routing.engine import decide
from hub.routing.rules import RuleSet

MOST_CASES = 10_000


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One case that was decided once, as the engine saw it then."""

    decision_id: int
    conversation_id: int
    at: datetime
    case: Case


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One case that would go elsewhere or be labelled otherwise."""

    past: Past
    now: Decision
    draft: Decision


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases were tried, and those that differ, newest first."""

    tried: int
    differences: list[Difference]


def replay(draft: RuleSet, published: RuleSet, staff: Staff, pasts: Sequence[Past]) -> Replay:
    """Decide every case twice, by the published rules and by the draft, with the same staff: only rules differ."""
    pairs = [(past, decide(past.case, staff, published), decide(past.case, staff, draft)) for past in pasts]
    return Replay(
        tried=len(pairs),
        differences=[
            Difference(past=past, now=now, draft=then)
            for past, now, then in pairs
            if outcome(now) != outcome(then)
        ],
    )


def outcome(decision: Decision) -> tuple[object, ...]:
    """What of a decision people would notice."""
    return (
        decision.agent_id,
        decision.team_id,
        decision.balance,
        decision.aside,
        decision.priority,
        frozenset(decision.tags),
        decision.auto_reply,
    )


async def load(tx: Tx, *, last: int = 200, viewer_id: int | None = None) -> list[Past]:
    """The newest `last` cases the rows decided, newest first; moves by hand, balance or absence are no cases.

    With `viewer_id` only those of conversations that this agent may see.
    """
    rows = await tx.fetch(
        f"""
        SELECT decision.id, conversation_id, at, inputs
        FROM decision JOIN conversation ON conversation.id = conversation_id
        WHERE inputs ? 'channel_id' AND ($1::bigint IS NULL OR {VISIBLE_TO})
        ORDER BY decision.id DESC LIMIT $2
        """,
        viewer_id,
        max(1, min(last, MOST_CASES)),
    )
    return [
        Past(
            decision_id=row["id"],
            conversation_id=row["conversation_id"],
            at=row["at"],
            case=msgspec.convert(row["inputs"], Case),
        )
        for row in rows
    ]
