"""The one visible list of rows: built-in ones that can be moved or switched off, and the rules people write."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from hub.plumbing.texts import _
from hub.routing.actions import Then
from hub.routing.conditions import When

MOST_ROWS = 200


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="row"):
    """Base of all rows."""

    enabled: bool = True


class Answer(Row, frozen=True, kw_only=True, tag="answer"):
    """① It answers a person or a campaign: that person gets it."""


class Owner(Row, frozen=True, kw_only=True, tag="owner"):
    """② Its account has an owner: the owner gets it, else the deputy."""


class LastAgent(Row, frozen=True, kw_only=True, tag="last_agent"):
    """③ Whoever spoke with this contact last gets it."""


class LeastLoaded(Row, frozen=True, kw_only=True, tag="least_loaded"):
    """④ The least loaded member of the team (else the channel's), with the skill when one is named."""

    team: str = ""
    team_id: int | None = None
    skill: str = ""


class Queue(Row, frozen=True, kw_only=True, tag="queue"):
    """⑤ It waits in the queue of the team (else the channel's) until somebody takes it."""

    team: str = ""
    team_id: int | None = None


class Rule(Row, frozen=True, kw_only=True, tag="rule"):
    """A row people wrote: when this holds, do that."""

    name: str
    when: When = When()
    then: Then

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(_("the rule needs a name"))


AnyRow = Answer | Owner | LastAgent | LeastLoaded | Queue | Rule
BUILT_IN: tuple[AnyRow, ...] = (Answer(), Owner(), LastAgent(), LeastLoaded(), Queue())


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """One published list, tried from top to bottom; version 0 is the one a new installation starts with."""

    version: int = 0
    rows: tuple[AnyRow, ...] = BUILT_IN

    def __post_init__(self) -> None:
        check_rows(self.rows)


def name_of(row: AnyRow) -> str:
    """How a decision names the row: `owner`, or `rule:VIP`."""
    return f"rule:{row.name}" if isinstance(row, Rule) else kind_of(row)


def kind_of(row: AnyRow) -> str:
    """The word that stands after `row:`."""
    tag = type(row).__struct_config__.tag
    return str(tag)


def check_rows(rows: tuple[AnyRow, ...]) -> None:
    """Raises ValueError when a row stands twice or there are too many."""
    if len(rows) > MOST_ROWS:
        raise ValueError(_("there are %(n)s rows; %(most)s are allowed", n=len(rows), most=MOST_ROWS))
    for name, times in Counter(name_of(row) for row in rows).items():
        if times > 1:
            raise ValueError(_("the row %(name)s stands twice; once is allowed", name=name))


def to_plain(rows: tuple[AnyRow, ...]) -> list[Any]:
    """Rows as they are stored."""
    plain: list[Any] = msgspec.to_builtins(rows)
    return plain


def from_plain(rows: Any) -> tuple[AnyRow, ...]:
    """Rows as they were stored. Raises msgspec.ValidationError."""
    return msgspec.convert(rows, tuple[AnyRow, ...])
