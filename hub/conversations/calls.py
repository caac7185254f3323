"""Telephone calls: rows, legs, and what each step that was told makes of them (states below).

    in   ringing → queued → ringing … → recording → ended      out   ringing → calling → talking → ended
                 ↘ talking → ended

A call is held behind its conversation (INVARIANTS §9: … conversation → call), so that steps never cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.channels.facts import CallChanged
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.ids import token
from hub.plumbing.texts import _

State = Literal["ringing", "queued", "recording", "calling", "talking", "ended"]
Outcome = Literal["", "answered", "missed", "voicemail", "busy", "no_answer", "failed"]
LegState = Literal["ringing", "picked_up", "accepted", "declined", "busy", "no_answer", "failed"]
LOST_MINUTES = 5
LONGEST_HOURS = 5


class Call(msgspec.Struct, kw_only=True):
    """One call as stored. `number` is the customer's; `seconds` of talk, `turns` of the queue so far."""

    id: int
    channel_id: int
    provider_id: str
    direction: Literal["in", "out"]
    state: State
    outcome: Outcome
    conversation_id: int
    message_id: int
    agent_id: int | None
    number: str
    client_id: str | None
    reason: str
    turns: int
    seconds: int | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    version: int


class Leg(msgspec.Struct, kw_only=True):
    """One ringing of an agent's telephone; `ended_at` None: it rings or they talk."""

    id: int
    token: str
    call_id: int
    n: int
    agent_id: int
    phone: str
    state: LegState
    ended_at: datetime | None


async def begin(
    tx: Tx,
    *,
    channel_id: int,
    provider_id: str,
    direction: str,
    conversation_id: int,
    message_id: int,
    number: str,
    agent_id: int | None = None,
    client_id: str | None = None,
) -> int | None:
    """A call that begins, told by its message; its id, or None when it stands already."""
    id_: int | None = await tx.value(
        """
        INSERT INTO call (channel_id, provider_id, direction, conversation_id, message_id, number, agent_id, client_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id
        """,
        channel_id,
        provider_id,
        direction,
        conversation_id,
        message_id,
        number,
        agent_id,
        client_id,
    )
    return id_


async def find(tx: Tx, channel_id: int, fact: CallChanged) -> int | None:
    """The call a step is about: by our own token of one of its legs, else by the provider's id."""
    found: int | None = await tx.value(
        """
        SELECT coalesce(
            (SELECT l.call_id FROM call_leg l JOIN call c ON c.id = l.call_id
             WHERE l.token = $2 AND $2 <> '' AND c.channel_id = $1),
            (SELECT id FROM call WHERE channel_id = $1 AND provider_id = $3),
            (SELECT id FROM call WHERE channel_id = $1 AND provider_id = $4 AND $4 <> ''))
        """,
        channel_id,
        fact.token,
        fact.call,
        fact.leg,
    )
    return found


async def hold(tx: Tx, call_id: int) -> Call:
    """Lock one call; its conversation is held already. Raises NotFound."""
    await tx.execute("SELECT FROM call WHERE id = $1 FOR NO KEY UPDATE", call_id)
    return await load(tx, call_id)


async def load(tx: Tx, call_id: int) -> Call:
    """One call. Raises NotFound."""
    found = await tx.row(Call, f"{_CALL} WHERE call.id = $1", call_id)
    if found is None:
        raise NotFound(_("There is no such call."))
    return found


async def repeated(tx: Tx, conversation_id: int, client_id: str) -> Call | None:
    """The call this conversation has under a client's name for it."""
    return await tx.row(
        Call, f"{_CALL} WHERE call.conversation_id = $1 AND call.client_id = $2", conversation_id, client_id
    )


async def seen(
    tx: Tx, agent_id: int, *, conversation_id: int | None = None, before: int | None = None, most: int = 50
) -> list[Call]:
    """Calls of conversations this agent may see, newest first."""
    return await tx.rows(
        Call,
        f"""
        {_CALL} JOIN conversation ON conversation.id = call.conversation_id
        WHERE {VISIBLE_TO} AND ($2::bigint IS NULL OR call.conversation_id = $2)
          AND ($3::bigint IS NULL OR call.id < $3) ORDER BY call.id DESC LIMIT $4
        """,
        agent_id,
        conversation_id,
        before,
        most,
    )


async def one_seen(tx: Tx, agent_id: int, call_id: int) -> Call:
    """One of them. Raises NotFound, also for what they may not know of."""
    found = await tx.row(
        Call,
        f"""
        {_CALL} JOIN conversation ON conversation.id = call.conversation_id
        WHERE {VISIBLE_TO} AND call.id = $2
        """,
        agent_id,
        call_id,
    )
    if found is None:
        raise NotFound(_("There is no such call."))
    return found


async def names(tx: Tx, found: Sequence[Call]) -> tuple[dict[int, str], dict[int, str]]:
    """The names of these calls' agents and channels, by id."""
    agents = await tx.fetch(
        "SELECT id, name FROM agent WHERE id = ANY($1)",
        sorted({one.agent_id for one in found if one.agent_id}),
    )
    channels = await tx.fetch(
        "SELECT id, name FROM channel WHERE id = ANY($1)", sorted({one.channel_id for one in found})
    )
    return {row["id"]: row["name"] for row in agents}, {row["id"]: row["name"] for row in channels}


async def legs(tx: Tx, call_id: int) -> list[Leg]:
    """Whose telephone rang for it, in order."""
    return await tx.rows(
        Leg,
        """
        SELECT id, token, call_id, n, agent_id, phone, state, ended_at FROM call_leg
        WHERE call_id = $1 ORDER BY n
        """,
        call_id,
    )


async def ring(
    tx: Tx,
    call_id: int,
    agent_id: int,
    phone: str,
    *,
    reason: dict[str, Any],
    candidates: Sequence[dict[str, Any]] = (),
) -> Leg | None:
    """An agent's telephone begins to ring for it; None while it is busy with another call."""
    return await tx.row(
        Leg,
        """
        INSERT INTO call_leg (token, call_id, n, agent_id, phone, reason, candidates)
        SELECT $1, $2, (SELECT count(*) + 1 FROM call_leg WHERE call_id = $2), $3, $4, $5, $6::text::jsonb
        ON CONFLICT DO NOTHING
        RETURNING id, token, call_id, n, agent_id, phone, state, ended_at
        """,
        token(),
        call_id,
        agent_id,
        phone,
        reason,
        msgspec.json.encode(list(candidates)).decode(),
    )


async def waiting_before(tx: Tx, call: Call) -> int:
    """How many callers of this line wait longer."""
    found: int = await tx.value(
        """
        SELECT count(*) FROM call WHERE channel_id = $1 AND state = 'queued' AND id <> $2
           AND queued_at < coalesce($3::timestamptz, now())
        """,
        call.channel_id,
        call.id,
        call.queued_at,
    )
    return found


async def keep(tx: Tx, call: Call) -> None:
    """Write a held call as it stands now."""
    await tx.execute(
        """
        UPDATE call SET state = $2, outcome = $3, agent_id = $4, reason = $5, turns = $6, seconds = $7,
               queued_at = $8, answered_at = $9, ended_at = $10, provider_id = $11, changed_at = now(),
               version = version + 1
        WHERE id = $1
        """,
        call.id,
        call.state,
        call.outcome,
        call.agent_id,
        call.reason[:500],
        call.turns,
        call.seconds,
        call.queued_at,
        call.answered_at,
        call.ended_at,
        call.provider_id,
    )
    call.version += 1


async def keep_leg(tx: Tx, leg: Leg) -> None:
    """Write a leg of a held call."""
    await tx.execute(
        "UPDATE call_leg SET state = $2, ended_at = $3 WHERE id = $1", leg.id, leg.state, leg.ended_at
    )


async def lost(tx: Tx) -> list[int]:
    """Calls nobody has told us anything of for long: their end did not reach us. Ids."""
    rows = await tx.fetch(
        """
        SELECT id FROM call WHERE state <> 'ended'
          AND changed_at < now() - CASE WHEN state = 'talking' THEN make_interval(hours => $1)
                                        ELSE make_interval(mins => $2) END
        ORDER BY id LIMIT 100
        """,
        LONGEST_HOURS,
        LOST_MINUTES,
    )
    return [row["id"] for row in rows]


_CALL = """
    SELECT call.id, call.channel_id, call.provider_id, call.direction, call.state, call.outcome,
           call.conversation_id, call.message_id, call.agent_id, call.number, call.client_id, call.reason,
           call.turns, call.seconds, call.started_at, call.queued_at, call.answered_at, call.ended_at, call.version
    FROM call
"""
