"""What a rule may do: labels, and at most one assignment."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.plumbing.texts import _

Priority = Literal["low", "normal", "high", "urgent"]


class Assign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To a person, or to a team's queue. With both, to the person, and the conversation becomes the team's.

    `share` gives a team's conversations to the least loaded member (with `skill`, when one is asked for);
    without it they wait until somebody takes them. The ids are filled in when the rules are published, so
    that a new name breaks nothing.
    """

    person: str = ""
    agent_id: int | None = None
    team: str = ""
    team_id: int | None = None
    skill: str = ""
    share: bool = True

    def __post_init__(self) -> None:
        if not (self.person or self.team):
            raise ValueError(_("name a person or a team"))


class Then(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything one rule does. `aside` and `stop` end the walk down the rows."""

    assign: Assign | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    auto_reply: str = ""
    aside: bool = False
    stop: bool = False

    def __post_init__(self) -> None:
        if not (self.assign or self.priority or self.tags or self.auto_reply or self.aside or self.stop):
            raise ValueError(_("the rule does nothing: give it an action"))
        if self.aside and self.assign:
            raise ValueError(_("aside and assign exclude each other: what is aside belongs to nobody"))
