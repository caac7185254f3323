"""How a call is told in its conversation: the words of its message, the conversation's own line, live pages."""

from __future__ import annotations

from typing import Any

from hub.channels.facts import CallChanged
from hub.conversations.calls import Call, Leg
from hub.conversations.holding import Held
from hub.conversations.holding import tell as tell_lists
from hub.conversations.outcomes import thread_topics
from hub.plumbing import history, todo
from hub.plumbing.db import Tx
from hub.plumbing.texts import DEFAULT, LANGUAGES, _, speaking

WITHHELD = "withheld:"
Seen = tuple[str, str, int | None]


def seen(call: Call) -> Seen:
    """What its message tells of it, to notice a change."""
    return call.state, call.outcome, call.seconds


def spoken(wanted: str, otherwise: str = "") -> str:
    """The first of the two that we speak, else our own."""
    return next((one for one in (wanted, otherwise) if one in LANGUAGES), DEFAULT)


async def tell(tx: Tx, held: Held, call: Call, before: Seen, language: str) -> None:
    """After a step: message, line, history and signals, if there is anything new to tell."""
    signal(tx, call, await _agents(tx, call))
    if seen(call) == before:
        return
    with speaking(spoken(language)):
        text = words(call, await _name(tx, call.agent_id))
    await tx.execute(
        """
        UPDATE message SET text = $2, new_text = $2,
               fact = coalesce(fact, '{}') || jsonb_build_object('call', $3::jsonb)
        WHERE id = $1
        """,
        call.message_id,
        text,
        {"what": "call", "state": call.state, "outcome": call.outcome, "seconds": call.seconds},
    )
    await _move_on(tx, held, call, text)
    if call.state == "ended":
        await history.record(
            tx,
            f"call_{call.outcome}",
            agent_id=call.agent_id,
            conversation_id=held.id,
            contact_id=held.root_id,
            account_id=held.account_id,
            call_id=call.id,
            direction=call.direction,
            seconds=call.seconds,
        )
        await todo.add(tx, "search", call.message_id)
        tx.wake("todo")
    await tell_lists(tx, held)
    tx.signal("message", call.message_id, thread_topics(held.joined_into_id or held.id))


def words(call: Call, agent: str) -> str:
    """What the call's message says, in the language being spoken."""
    match call.state, call.outcome:
        case "talking", _outcome:
            return _("On the phone with %(agent)s", agent=agent)
        case "queued", _outcome:
            return _("Incoming call, waiting in the queue")
        case "recording", _outcome:
            return _("Incoming call, leaving a message")
        case "ended", "answered":
            return _("Call with %(agent)s, %(length)s", agent=agent, length=length(call.seconds or 0))
        case "ended", "voicemail":
            return _("Missed call, left a message")
        case "ended", "missed":
            return _("Missed call")
        case "ended", "busy":
            return _("Call by %(agent)s: busy", agent=agent)
        case "ended", "no_answer":
            return _("Call by %(agent)s: no answer", agent=agent)
        case "ended", _outcome:
            return _("Call by %(agent)s: not connected", agent=agent)
        case _other:
            return _("Incoming call") if call.direction == "in" else _("%(agent)s is calling", agent=agent)


def length(seconds: int) -> str:
    """`3:07`, or `1:02:07` from an hour on."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


async def rang(tx: Tx, held: Held, leg: Leg, reason: dict[str, Any]) -> None:
    """Whose telephone began to ring, and why theirs: worded by routing/explain, like an assignment."""
    await history.record(
        tx, "rang", conversation_id=held.id, contact_id=held.root_id, to_id=leg.agent_id, reason=reason
    )


async def transcribe(tx: Tx, channel_id: int, fact: CallChanged) -> None:
    """What was said in a voicemail or recording becomes its message's text."""
    row = await tx.record(
        """
        UPDATE message SET text = text || E'\\n' || $2, new_text = new_text || E'\\n' || $2
        WHERE message_id = $1 AND channel_id = $3 AND position($2 IN text) = 0
        RETURNING id, (SELECT coalesce(joined_into_id, v.id) FROM conversation v WHERE v.id = conversation_id)
                  AS conversation_id
        """,
        fact.recording,
        fact.transcript[:20_000],
        channel_id,
    )
    if row is not None:
        await todo.add(tx, "search", row["id"])
        tx.signal("message", row["id"], thread_topics(row["conversation_id"]))


def signal(tx: Tx, call: Call, agent_ids: list[int]) -> None:
    """The call bars of everybody whose telephone rang for it."""
    if agent_ids:
        tx.signal("call", call.id, [f"agent:{agent_id}" for agent_id in agent_ids])


async def _agents(tx: Tx, call: Call) -> list[int]:
    rows = await tx.fetch(
        "SELECT DISTINCT agent_id FROM call_leg WHERE call_id = $1 ORDER BY agent_id", call.id
    )
    return sorted({row["agent_id"] for row in rows} | ({call.agent_id} if call.agent_id else set()))


async def _name(tx: Tx, agent_id: int | None) -> str:
    name: str | None = await tx.value("SELECT name FROM agent WHERE id = $1", agent_id)
    return name or _("nobody")


async def _move_on(tx: Tx, held: Held, call: Call, text: str) -> None:
    """The line says what the call's message says, while that is the newest; whoever was spoken with waits no more.

    Whoever takes a call of a conversation that nobody has gets it.
    """
    spoke = call.answered_at is not None
    await tx.execute(
        """
        UPDATE conversation v
        SET last_preview = CASE WHEN v.last_seq = (SELECT seq FROM message WHERE id = $2) THEN left($3, 160)
                                ELSE v.last_preview END,
            waiting_since = CASE WHEN $4 THEN NULL ELSE v.waiting_since END,
            assignee_id = CASE WHEN $4 THEN coalesce(v.assignee_id, $5::bigint) ELSE v.assignee_id END,
            version = v.version + 1
        WHERE v.id = $1
        """,
        held.id,
        call.message_id,
        text,
        spoke,
        call.agent_id,
    )
