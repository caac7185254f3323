"""What one step of a call makes of it: pure. Whom to ring next is not decided here (routing/ladder.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.channels.facts import CallChanged
from hub.conversations.calls import Call, Leg, LegState, Outcome

ACCEPT_KEY = "1"
MESSAGE_KEY = "1"
# How a ringing ended, by the provider's word, when nobody accepted.
ENDINGS: dict[str, LegState] = {"busy": "busy", "failed": "failed"}
OUTCOMES: dict[str, Outcome] = {"busy": "busy", "no_answer": "no_answer", "failed": "failed"}


def apply(call: Call, legs: Sequence[Leg], fact: CallChanged, now: datetime) -> None:
    """Change a held call and its legs by one step. What is ended stays ended; a late voicemail still counts."""
    leg = next((one for one in legs if one.token == fact.token), None) if fact.token else None
    match fact.step:
        case "picked_up" if leg and leg.state == "ringing" and call.state != "ended":
            leg.state = "picked_up"
        case "pressed" if leg:
            _pressed(call, leg, fact, now)
        case "answered" if leg and call.state == "calling":
            call.state, call.answered_at = "talking", now
        case "dialled":
            _dialled(call, legs, fact, now)
        case "left" if call.direction == "in" and call.answered_at is None:
            _end(call, legs, "voicemail" if fact.said else "missed", now)
        case "ended" if fact.leg in ("", call.provider_id) or leg is not None:
            _over(call, legs, fact, now)


def abandon(call: Call, legs: Sequence[Leg], now: datetime, outcome: Outcome = "failed") -> None:
    """Nobody will tell us how it ended."""
    _end(call, legs, _without_word(call, outcome), now)


def _pressed(call: Call, leg: Leg, fact: CallChanged, now: datetime) -> None:
    if leg.state != "picked_up" or call.state == "ended":
        return
    if fact.digits[:1] != ACCEPT_KEY:
        leg.state, leg.ended_at = "declined", now
        return
    leg.state, call.agent_id = "accepted", leg.agent_id
    if call.direction == "in":
        call.state, call.answered_at, call.queued_at = "talking", now, None
    else:
        call.state = "calling"


def _dialled(call: Call, legs: Sequence[Leg], fact: CallChanged, now: datetime) -> None:
    """The ringing of leg `n` is over: they have talked, or it goes on with somebody else."""
    if call.direction == "out":
        if fact.state == "completed":
            call.answered_at = call.answered_at or now
        call.seconds = fact.seconds if fact.seconds is not None else call.seconds
        _end(call, legs, "answered" if call.answered_at else OUTCOMES.get(fact.state, "no_answer"), now)
        return
    if call.answered_at is not None:
        call.seconds = fact.seconds if fact.seconds is not None else call.seconds
        _end(call, legs, "answered", now)
        return
    for leg in legs:
        if leg.n == fact.n and leg.ended_at is None:
            leg.state = "declined" if leg.state == "picked_up" else ENDINGS.get(fact.state, "no_answer")
            leg.ended_at = now


def _over(call: Call, legs: Sequence[Leg], fact: CallChanged, now: datetime) -> None:
    """The provider says that the whole call is over."""
    if call.direction == "out" and call.answered_at is None:
        rang = any(leg.state == "accepted" for leg in legs)  # else it was the agent who did not pick up
        _end(call, legs, OUTCOMES.get(fact.state, "no_answer") if rang else "failed", now)
    else:
        _end(call, legs, _without_word(call, "missed"), now)


def _without_word(call: Call, outcome: Outcome) -> Outcome:
    if call.answered_at is not None:
        return "answered"
    return "missed" if call.direction == "in" else outcome


def _end(call: Call, legs: Sequence[Leg], outcome: Outcome, now: datetime) -> None:
    for leg in legs:
        if leg.ended_at is None:
            leg.state, leg.ended_at = "no_answer" if leg.state == "ringing" else leg.state, now
    if call.state == "ended":
        # the two last requests of a call come in any order: a message left counts, whichever was first
        call.outcome = "voicemail" if outcome == "voicemail" else call.outcome
        return
    call.state, call.outcome, call.ended_at, call.queued_at = "ended", outcome, now, None
    if call.answered_at is not None and call.seconds is None:
        call.seconds = max(0, int((now - call.answered_at).total_seconds()))
