"""From the person who should get it to the person who can: owner, else deputy, without walking in circles."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.routing.cases import AgentState, Case, Staff, TeamState

Why = dict[str, Any]


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Who was found, standing in for whom, and everybody passed over on the way.

    `how`: 'self', 'named' (the absent person's own deputy), 'deputy' (the account's) or 'chain' (a stand-in's
    stand-in, named by `named_by`). `agent` None: nobody can.
    """

    agent: AgentState | None = None
    how: str = "self"
    named_by: str = ""
    wanted: AgentState | None = None
    wanted_why: Why | None = None
    passed: list[dict[str, Any]] = []

    @property
    def covering_for_id(self) -> int | None:
        """For whom this is only covered: someone absent who will be back, not someone who left or is not here."""
        away = self.wanted_why is not None and self.wanted_why["code"] == "away"
        return self.wanted.id if away and self.agent is not None and self.wanted is not None else None


def reach(
    case: Case, staff: Staff, wanted_id: int | None, *, deputy_id: int | None = None, team: TeamState | None
) -> Reached:
    """Whoever can take what belongs to `wanted_id`: that person, else their stand-ins, else nobody.

    Stand-ins, in order: whom an absent person named, and whom that one named …, then the account's `deputy_id`
    and whom that one named. `team` is the conversation's: nobody outside a restricted one gets it.
    """
    if wanted_id is None:
        return Reached()
    passed: list[dict[str, Any]] = []
    first: Why | None = None
    for agent_id, how, named_by in _line_of(staff, wanted_id, deputy_id):
        agent = staff.agents.get(agent_id)
        # whoever has it already was given it by somebody, also from outside a restricted team
        own = None if agent_id == case.kept_id else team
        why = {"code": "unknown"} if agent is None else hindrance(agent, case, own)
        if agent is not None and why is None:
            return Reached(
                agent=agent,
                how=how,
                named_by=named_by,
                wanted=staff.agents.get(wanted_id),
                wanted_why=first,
                passed=passed,
            )
        first = first or why
        passed.append(passed_over(agent_id, agent.name if agent else "", why or {"code": "unknown"}))
    return Reached(wanted=staff.agents.get(wanted_id), wanted_why=first, passed=passed)


def hindrance(agent: AgentState, case: Case, team: TeamState | None) -> Why | None:
    """Why this agent cannot take this case, or None. A live case needs someone here; others only someone not absent."""
    if not agent.active:
        return {"code": "inactive"}
    if team is not None and team.restricted and agent.id not in team.member_ids:
        return {"code": "outside_team", "team": team.name}
    if agent.absent_until is not None:
        return {"code": "away", "until": agent.absent_until.isoformat()}
    if case.live and not agent.here:
        return {"code": "not_here"}
    if case.live and agent.capacity == 0:
        return {"code": "no_capacity"}
    if case.live and agent.unable:
        return {"code": agent.unable}
    return None


def passed_over(agent_id: int, name: str, why: Why) -> dict[str, Any]:
    """A candidate that was not chosen."""
    return {"agent_id": agent_id, "name": name, "chosen": False, "why": why}


def _line_of(staff: Staff, wanted_id: int, deputy_id: int | None) -> list[tuple[int, str, str]]:
    """(agent id, how, named by) in the order to ask; nobody twice, so circles of deputies end."""
    line: list[tuple[int, str, str]] = []
    asked: set[int] = set()
    for start, how in ((wanted_id, "self"), (deputy_id, "deputy")):
        agent_id, named_by = start, ""
        while agent_id is not None and agent_id not in asked:
            asked.add(agent_id)
            line.append((agent_id, how, named_by))
            agent = staff.agents.get(agent_id)
            how = "named" if how == "self" else "chain"
            named_by = agent.name if agent else ""
            agent_id = agent.absence_deputy_id if agent and agent.absent_until else None
    return line
