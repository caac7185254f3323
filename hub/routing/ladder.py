"""Whose telephone rings next: owner, else deputy, else whoever of the team is free, else the queue, else voicemail.

The rows that route everything else decide here too, asked for somebody who is *here* with a telephone that is
free. Each rung is counted, so that a call climbs a few rungs, waits a few turns, and ends.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import msgspec

from hub.plumbing.db import Tx
from hub.routing.cases import AgentState, Case, Staff, TeamState
from hub.routing.engine import decide
from hub.routing.owner import hindrance
from hub.routing.rules import RuleSet

MOST_RINGS = 4
MOST_TURNS = 10


class Phones(msgspec.Struct, frozen=True, kw_only=True):
    """The agents' telephones now: numbers by agent id, who is on the phone, and how much each has open."""

    numbers: dict[int, str]
    busy: frozenset[int] = frozenset()
    loads: dict[int, int] = {}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a call has come. `tried`: whose telephone rang; `ahead`: who waits longer on the same line."""

    case: Case
    tried: frozenset[int] = frozenset()
    turns: int = 0
    ahead: int = 0


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """The next rung. `reason` and `candidates` as a decision's, kept with the ringing."""

    what: Literal["ring", "wait", "voicemail"]
    agent_id: int | None = None
    phone: str = ""
    reason: dict[str, Any] = {}
    candidates: list[dict[str, Any]] = []


async def phones(tx: Tx) -> Phones:
    """As they are now; whoever has a ringing or talking leg is on the phone."""
    rows = await tx.fetch(
        """
        SELECT agent.id, agent.phone,
               EXISTS (SELECT FROM call_leg l WHERE l.agent_id = agent.id AND l.ended_at IS NULL) AS busy,
               (SELECT count(*) FROM conversation v WHERE v.assignee_id = agent.id AND v.state = 'open') AS load
        FROM agent WHERE agent.active AND agent.phone <> ''
        """
    )
    return Phones(
        numbers={row["id"]: row["phone"] for row in rows},
        busy=frozenset(row["id"] for row in rows if row["busy"]),
        loads={row["id"]: row["load"] for row in rows},
    )


def climb(standing: Standing, staff: Staff, rules: RuleSet, known: Phones) -> Rung:
    """The next rung: pure, and bounded by MOST_RINGS and MOST_TURNS."""
    if len(standing.tried) < MOST_RINGS:
        now = _with_phones(staff, known, standing.tried)
        decision = decide(standing.case, now, rules)
        if decision.agent_id is not None:
            return Rung(
                what="ring",
                agent_id=decision.agent_id,
                phone=known.numbers[decision.agent_id],
                reason=decision.reason,
                candidates=decision.candidates,
            )
        if not decision.aside and (free := _free(standing, now, known, decision.team_id)) is not None:
            return _to_free(free, now, known, decision.team_id)
    if standing.turns < MOST_TURNS and _worth_waiting(standing, staff, known):
        return Rung(what="wait")
    return Rung(what="voicemail")


def _with_phones(staff: Staff, known: Phones, tried: Collection[int]) -> Staff:
    """The same people, with why a call cannot ring them."""

    def unable(agent_id: int) -> str:
        if agent_id not in known.numbers:
            return "no_phone"
        if agent_id in tried:
            return "did_not_answer"
        return "on_a_call" if agent_id in known.busy else ""

    agents = {id_: msgspec.structs.replace(agent, unable=unable(id_)) for id_, agent in staff.agents.items()}
    return Staff(agents=agents, teams=staff.teams)


def _free(standing: Standing, staff: Staff, known: Phones, team_id: int | None) -> AgentState | None:
    """Whoever of the team (of all, without one) could pick up and has the least; who waits longer goes first."""
    free = [
        agent
        for agent in _members(staff, team_id)
        if hindrance(agent, standing.case, staff.teams.get(team_id or 0)) is None
        and known.loads.get(agent.id, 0) < agent.capacity
    ]
    free.sort(key=lambda agent: (known.loads.get(agent.id, 0), agent.id))
    return free[standing.ahead] if len(free) > standing.ahead else None


def _to_free(agent: AgentState, staff: Staff, known: Phones, team_id: int | None) -> Rung:
    team: TeamState | None = staff.teams.get(team_id or 0)
    load = known.loads.get(agent.id, 0)
    reason: dict[str, Any] = {"code": "rings", "agent": agent.name}
    if team is not None:
        reason = {"code": "balanced", "agent": agent.name, "team": team.name, "load": load}
    chosen = {
        "agent_id": agent.id,
        "name": agent.name,
        "chosen": True,
        "why": {"code": "least_loaded", "load": load},
    }
    return Rung(
        what="ring", agent_id=agent.id, phone=known.numbers[agent.id], reason=reason, candidates=[chosen]
    )


def _members(staff: Staff, team_id: int | None) -> list[AgentState]:
    team = staff.teams.get(team_id or 0)
    ids = staff.agents if team is None else team.member_ids
    return [staff.agents[id_] for id_ in sorted(ids) if id_ in staff.agents]


def _worth_waiting(standing: Standing, staff: Staff, known: Phones) -> bool:
    """Whether somebody who is here, and has not let it ring yet, will be free some time."""
    now = _with_phones(staff, msgspec.structs.replace(known, busy=frozenset()), standing.tried)
    case = standing.case
    decision_team = case.kept_team_id if case.kept_team_id is not None else case.channel_team_id
    people = _members(now, decision_team)
    people += [now.agents[id_] for id_ in (case.owner_id, case.deputy_id) if id_ in now.agents]
    team = now.teams.get(decision_team or 0)
    return len(standing.tried) < MOST_RINGS and any(hindrance(one, case, team) is None for one in people)
