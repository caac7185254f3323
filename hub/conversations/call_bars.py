"""The call an agent is in, or that rings for them, as the bar at the bottom of their pages shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.plumbing.db import Tx


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One call of one agent now. `state`: ringing (for them), calling (the customer), talking, or begun by them."""

    id: int
    version: int
    agent_id: int
    direction: str
    state: str
    leg_state: str
    conversation_id: int
    number: str
    who: str
    account: str
    channel_kind: str
    channel_name: str
    since: datetime


async def of_agent(tx: Tx, agent_id: int) -> list[Bar]:
    """What this agent's pages show; at most one: a telephone rings for one call at a time."""
    return await tx.rows(Bar, f"{_BARS} AND l.agent_id = $1 ORDER BY call.id", agent_id)


async def of_calls(tx: Tx, call_ids: Sequence[int]) -> list[Bar]:
    """The bars of these calls, whoever's."""
    return await tx.rows(Bar, f"{_BARS} AND call.id = ANY($1) ORDER BY call.id, l.n", list(call_ids))


_BARS = """
    SELECT call.id, call.version, l.agent_id, call.direction, call.state, l.state AS leg_state,
           coalesce(v.joined_into_id, v.id) AS conversation_id, call.number, r.name AS who,
           coalesce(a.name, '') AS account, n.kind AS channel_kind, n.name AS channel_name,
           coalesce(call.answered_at, call.started_at) AS since
    FROM call_leg l
    JOIN call ON call.id = l.call_id
    JOIN channel n ON n.id = call.channel_id
    JOIN conversation v ON v.id = call.conversation_id
    JOIN contact c ON c.id = v.contact_id
    JOIN contact r ON r.id = c.root_id
    LEFT JOIN account a ON a.id = coalesce(v.account_id, r.account_id)
    WHERE l.ended_at IS NULL AND call.state <> 'ended'
"""
