"""The one place that decides who gets a conversation: pure, and the same for live mail, replay and the why page."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.routing.built_in import Choice, choose, to_person, usual_team
from hub.routing.cases import TEXT_LOOKED_AT, AgentState, Case, Decision, Staff, TeamState
from hub.routing.decisions import keep, write
from hub.routing.rules import AnyRow, Rule, RuleSet, name_of
from hub.routing.staff import (
    Standing,
    asked,
    asked_moment,
    asked_standing,
    known,
    look_up,
    standing,
    stands,
)

__all__ = [
    "AgentState",
    "Case",
    "Decision",
    "RuleSet",
    "Staff",
    "Standing",
    "TeamState",
    "asked",
    "asked_moment",
    "asked_standing",
    "decide",
    "keep",
    "known",
    "look_up",
    "standing",
    "stands",
    "write",
]


def decide(case: Case, staff: Staff, rules: RuleSet) -> Decision:
    """Walk down the rows: all matching rows label, the first row that assigns, assigns.

    An assignee who can still take it keeps it, whatever the rows say. Deterministic: the same three give the
    same decision.
    """
    walk = _Walk(case=case, staff=staff)
    walk.keep()
    for row in rules.rows:
        if row.enabled:
            walk.walked.append({"row": name_of(row), "outcome": walk.meet(row)})
    return walk.decision(rules.version)


class _Walk(msgspec.Struct, kw_only=True):
    """The walk down the rows so far; of rules that set a priority or an answer the first counts."""

    case: Case
    staff: Staff
    row: str = "nobody"
    choice: Choice = Choice(reason={"code": "nobody"})
    candidates: list[dict[str, Any]] = []
    walked: list[dict[str, str]] = []
    tags: list[str] = []
    priority: str | None = None
    auto_reply: str = ""
    aside: bool = False
    stop: bool = False

    def keep(self) -> None:
        """Whoever has it already is asked before all rows."""
        if self.case.kept_id is not None:
            row = "returned" if self.case.returns else "kept"
            kept = to_person(self.case, self.staff, self.case.kept_id, usual_team(self.case), {"code": row})
            self.walked.append({"row": row, "outcome": "took" if self._take(row, kept) else "passed"})

    def meet(self, row: AnyRow) -> str:
        """What became of one row: took, labelled, passed or skipped."""
        if self.aside or self.stop:
            return "skipped"
        if isinstance(row, Rule):
            return self._meet_rule(row) if row.when.holds(self.case) else "passed"
        if self.choice.taken:
            return "skipped"
        return "took" if self._take(name_of(row), choose(row, self.case, self.staff)) else "passed"

    def _meet_rule(self, row: Rule) -> str:
        then = row.then
        self.tags += [tag for tag in then.tags if tag not in self.tags]
        self.priority = self.priority or then.priority
        self.auto_reply = self.auto_reply or then.auto_reply
        took = not self.choice.taken and self._take(name_of(row), choose(row, self.case, self.staff))
        self.aside, self.stop = then.aside, then.stop or then.aside
        if then.aside:
            self.row, self.choice = name_of(row), Choice(reason={"code": "aside", "rule": row.name})
        elif then.stop and not self.choice.taken:
            self.row, self.choice = name_of(row), Choice(reason={"code": "stopped", "rule": row.name})
        return "took" if took or then.aside else "labelled"

    def _take(self, row_name: str, choice: Choice) -> bool:
        self.candidates += choice.candidates
        if choice.taken:
            self.row, self.choice = row_name, choice
        return choice.taken

    def decision(self, rule_version: int) -> Decision:
        """Everything the walk came to."""
        choice = self.choice
        return Decision(
            row=self.row,
            agent_id=choice.agent_id,
            team_id=choice.team_id if choice.taken else usual_team(self.case),
            covering_for_id=choice.covering_for_id,
            tags=tuple(self.tags),
            priority=self.priority,
            aside=self.aside,
            auto_reply="" if self.aside else self.auto_reply,
            stop=self.stop,
            balance=choice.balance,
            reason=choice.reason,
            inputs=self._inputs(),
            candidates=self.candidates,
            rule_version=rule_version,
        )

    def _inputs(self) -> dict[str, Any]:
        """The case as plain values, enough to decide it again; the text is cut where rules stop reading."""
        looked_at = msgspec.structs.replace(self.case, text=self.case.text[:TEXT_LOOKED_AT])
        return {**msgspec.to_builtins(looked_at), "walk": self.walked}
