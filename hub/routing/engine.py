"""The one place that decides who gets a conversation: pure, and the same for live mail, replay and the why page."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.routing.built_in import Choice, choose, to_person, usual_team
from hub.routing.cases import TEXT_LOOKED_AT, AgentState, Case, Decision, Staff, TeamState
from hub.routing.decisions import write
from hub.routing.rules import AnyRow, Rule, RuleSet, name_of
from hub.routing.staff import look_up

__all__ = [
    "AgentState",
    "Case",
    "Decision",
    "RuleSet",
    "Staff",
    "TeamState",
    "decide",
    "look_up",
    "write",
]


class _Labels(msgspec.Struct):
    """What all matching rules together stick on; the first to set a priority or an answer counts."""

    tags: dict[str, None]
    priority: str | None = None
    auto_reply: str = ""

    def add(self, rule: Rule) -> None:
        self.tags |= dict.fromkeys(rule.then.tags)
        self.priority = self.priority or rule.then.priority
        self.auto_reply = self.auto_reply or rule.then.auto_reply


def decide(case: Case, staff: Staff, rules: RuleSet) -> Decision:
    """Walk down the rows: all matching rules label, the first row that assigns, assigns.

    An assignee who can still take it keeps it, whatever the rows say. Deterministic: the same three give the
    same decision.
    """
    labels = _Labels(tags={})
    first = _kept(case, staff)
    row_name, choice, passed = "kept", first, list(first.candidates)
    for row in rules.rows:
        if not _speaks(row, case):
            continue
        if isinstance(row, Rule):
            labels.add(row)
        if not choice.taken:
            row_name, choice = name_of(row), _ask(row, case, staff)
            passed += choice.candidates
        if isinstance(row, Rule) and row.then.aside:
            aside = Choice(team_id=usual_team(case), reason={"code": "aside", "rule": row.name})
            return _decision(case, rules, name_of(row), aside, passed, labels, aside=True, stop=True)
        if isinstance(row, Rule) and row.then.stop:
            stopped = choice if choice.taken else _nobody(case, {"code": "stopped", "rule": row.name})
            return _decision(case, rules, row_name, stopped, passed, labels, stop=True)
    if not choice.taken:
        row_name, choice = "nobody", _nobody(case, {"code": "nobody"})
    return _decision(case, rules, row_name, choice, passed, labels)


def _speaks(row: AnyRow, case: Case) -> bool:
    return row.enabled and (not isinstance(row, Rule) or row.when.holds(case))


def _ask(row: AnyRow, case: Case, staff: Staff) -> Choice:
    return choose(row, case, staff)


def _kept(case: Case, staff: Staff) -> Choice:
    return to_person(case, staff, case.kept_id, usual_team(case), {"code": "kept"})


def _nobody(case: Case, reason: dict[str, Any]) -> Choice:
    return Choice(team_id=usual_team(case), reason=reason)


def _decision(
    case: Case,
    rules: RuleSet,
    row_name: str,
    choice: Choice,
    candidates: list[dict[str, Any]],
    labels: _Labels,
    *,
    aside: bool = False,
    stop: bool = False,
) -> Decision:
    return Decision(
        row=row_name,
        agent_id=choice.agent_id,
        team_id=choice.team_id,
        covering_for_id=choice.covering_for_id,
        tags=tuple(labels.tags),
        priority=labels.priority,
        aside=aside,
        auto_reply="" if aside else labels.auto_reply,
        stop=stop,
        balance=choice.balance,
        reason=choice.reason,
        inputs=_inputs(case),
        candidates=candidates,
        rule_version=rules.version,
    )


def _inputs(case: Case) -> dict[str, Any]:
    """The case as plain values, enough to decide it again (replay); the text is cut where rules stop reading."""
    looked_at = msgspec.structs.replace(case, text=case.text[:TEXT_LOOKED_AT])
    plain: dict[str, Any] = msgspec.to_builtins(looked_at)
    return plain
