"""A routing decision, whole."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.web.views.frame import Named, Person


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a decision: what was looked at and what it said."""

    name: str
    value: str


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the rules as the decision walked it. `outcome`: took, passed, labelled or skipped."""

    number: int
    name: str
    outcome: Literal["took", "passed", "labelled", "skipped"]
    why: str = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could have got it, and why they did or did not."""

    person: Person
    chosen: bool
    why: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One routing decision, whole."""

    id: int
    at: datetime
    sentence: str
    rule_version: int
    inputs: list[Looked] = []
    rows: list[RuleRow] = []
    candidates: list[Candidate] = []


class WhyPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /c/{id}/why: the decisions of a conversation, newest first."""

    conversation: Named
    back: str
    decisions: list[Decision]
