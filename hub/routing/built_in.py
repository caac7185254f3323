"""The built-in rows ① to ⑤ and the assignment of a rule: each names somebody, a queue, or passes."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.routing.actions import Assign
from hub.routing.cases import AgentState, Case, Staff, TeamState
from hub.routing.owner import Reached, hindrance, passed_over, reach
from hub.routing.rules import Answer, AnyRow, LastAgent, LeastLoaded, Owner, Queue, Rule
from hub.routing.words import same


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What one row made of a case. `taken` False: it passes, having looked at `candidates`."""

    taken: bool = False
    agent_id: int | None = None
    team_id: int | None = None
    covering_for_id: int | None = None
    balance: bool = False
    reason: dict[str, Any] = {}
    candidates: list[dict[str, Any]] = []


def choose(row: AnyRow, case: Case, staff: Staff) -> Choice:
    """Ask one row. A rule is asked only when its conditions hold."""
    team_id = usual_team(case)
    match row:
        case Answer():
            return to_person(case, staff, case.answer_to_id, team_id, {"code": "answer"})
        case Owner():
            return to_person(case, staff, case.owner_id or case.deputy_id, team_id, _owned(case))
        case LastAgent():
            return to_person(case, staff, case.last_agent_id, team_id, {"code": "last_agent"})
        case LeastLoaded():
            team = _team(staff, row.team_id, row.team, team_id)
            return _to_share(case, staff, team, row.skill, {"code": "least_loaded"})
        case Queue():
            return _to_queue(_team(staff, row.team_id, row.team, team_id), {"code": "queue"})
        case Rule():
            return _by_rule(row, case, staff)


def usual_team(case: Case) -> int | None:
    """The team it belongs to unless a rule says another: its own, else the channel's."""
    return case.kept_team_id if case.kept_team_id is not None else case.channel_team_id


def to_person(
    case: Case, staff: Staff, wanted_id: int | None, team_id: int | None, reason: dict[str, Any]
) -> Choice:
    """To this person or whoever stands in; the account's deputy stands in for its owner in every row."""
    deputy_id = case.deputy_id if wanted_id == case.owner_id else None
    team = None if team_id is None else staff.teams.get(team_id)
    found = reach(case, staff, wanted_id, deputy_id=deputy_id, team=team)
    if found.agent is None:
        return Choice(candidates=found.passed)
    whole = {**reason, "agent": found.agent.name, "contact": case.contact_name, **_standing_in(found)}
    return Choice(
        taken=True,
        agent_id=found.agent.id,
        team_id=team_id,
        covering_for_id=found.covering_for_id,
        reason=whole,
        candidates=[*found.passed, chosen(found.agent, {"code": reason["code"]})],
    )


def chosen(agent: AgentState, why: dict[str, Any]) -> dict[str, Any]:
    """The candidate that got it."""
    return {"agent_id": agent.id, "name": agent.name, "chosen": True, "why": why}


def _owned(case: Case) -> dict[str, Any]:
    if case.owner_id is None:
        return {"code": "deputy", "account": case.account_name, "standing": case.account_standing}
    return {"code": "owner", "account": case.account_name, "standing": case.account_standing}


def _standing_in(found: Reached) -> dict[str, Any]:
    if found.wanted_why is None:
        return {}
    return {
        "instead_of": {
            "name": found.wanted.name if found.wanted else "",
            "why": found.wanted_why,
            "how": found.how,
            "named_by": found.named_by,
        }
    }


def _to_share(case: Case, staff: Staff, team: TeamState | None, skill: str, reason: dict[str, Any]) -> Choice:
    """To a team's queue, to be balanced after the commit: here nobody counts (INVARIANTS §10)."""
    if team is None or not any(able(staff, team, skill)):
        return Choice()
    needs = {"skill": skill, "language": case.language, "live": case.live}
    return Choice(
        taken=True,
        team_id=team.id,
        balance=True,
        reason={**reason, "team": team.name, "needs": needs},
        candidates=[
            passed_over(agent.id, agent.name, why)
            for agent in able(staff, team, skill)
            if (why := hindrance(agent, case, team)) is not None
        ],
    )


def able(staff: Staff, team: TeamState, skill: str) -> list[AgentState]:
    """The active members with the skill, if one is asked for, by id."""
    members = (staff.agents[id_] for id_ in sorted(team.member_ids) if id_ in staff.agents)
    return [
        agent
        for agent in members
        if agent.active and (not skill or any(same(skill, known) for known in agent.skills))
    ]


def _to_queue(team: TeamState | None, reason: dict[str, Any]) -> Choice:
    if team is None:
        return Choice(taken=True, reason={**reason, "code": f"{reason['code']}_of_all"})
    return Choice(taken=True, team_id=team.id, reason={**reason, "team": team.name})


def _by_rule(row: Rule, case: Case, staff: Staff) -> Choice:
    assign = row.then.assign
    if assign is None:
        return Choice()
    reason = {"code": "rule", "rule": row.name}
    team = _team(staff, assign.team_id, assign.team, None)
    team_id = usual_team(case) if team is None else team.id
    passed: list[dict[str, Any]] = []
    if assign.person:
        found = to_person(case, staff, _person(staff, assign), team_id, reason)
        if found.taken or team is None:
            return found
        passed = found.candidates
    queued = _rule_queue(case, staff, team, assign, row.name)
    return msgspec.structs.replace(queued, candidates=[*passed, *queued.candidates])


def _rule_queue(case: Case, staff: Staff, team: TeamState | None, assign: Assign, name: str) -> Choice:
    if team is None:
        return Choice()
    reason = {"code": "rule_queue", "rule": name}
    if assign.share:
        shared = _to_share(case, staff, team, assign.skill, reason)
        if shared.taken:
            return shared
    return _to_queue(team, reason)


def _person(staff: Staff, assign: Assign) -> int | None:
    if assign.agent_id is not None:
        return assign.agent_id
    return next((agent.id for agent in staff.agents.values() if same(agent.name, assign.person)), None)


def _team(staff: Staff, team_id: int | None, name: str, usual: int | None) -> TeamState | None:
    if team_id is not None:
        return staff.teams.get(team_id)
    if name:
        return next((team for team in staff.teams.values() if same(team.name, name)), None)
    return None if usual is None else staff.teams.get(usual)
