"""What routing looks at and what it answers: the case, the staff, the decision; plain data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

TEXT_LOOKED_AT = 4_000


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One message that needs somebody, as routing sees it.

    `kind` is there for conditions written by people, code never branches on it. `reached` is the address we
    were reached on, `sender` the address that wrote, `domain` its mail domain or empty. `account_standing` is
    '', suggested or confirmed. `answer_to_id`: the agent who wrote what is being answered. `kept_id`,
    `kept_team_id`: assignee and team of a conversation that exists already; its `tags` too. `returns`: `kept_id` is the
    one it was covered for, who is back. Of `text` the first TEXT_LOOKED_AT characters count.
    """

    channel_id: int
    channel_name: str
    channel_team_id: int | None = None
    kind: str = ""
    live: bool = False
    reached: str = ""
    sender: str = ""
    domain: str = ""
    subject: str = ""
    text: str = ""
    language: str = ""
    verified: bool = False
    automatic: bool = False
    at: datetime
    contact_id: int
    contact_name: str = ""
    account_id: int | None = None
    account_name: str = ""
    account_standing: str = ""
    tier: str = ""
    owner_id: int | None = None
    deputy_id: int | None = None
    answer_to_id: int | None = None
    last_agent_id: int | None = None
    tags: tuple[str, ...] = ()
    kept_id: int | None = None
    returns: bool = False
    kept_team_id: int | None = None


class AgentState(msgspec.Struct, frozen=True, kw_only=True):
    """One agent now. `absent_until` is the last day away in their zone, None when not absent.

    `unable`: why a call cannot ring them, set by the ladder: no_phone, on_a_call, did_not_answer; else "".
    """

    id: int
    name: str
    active: bool = True
    absent_until: date | None = None
    absence_deputy_id: int | None = None
    here: bool = False
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    team_ids: tuple[int, ...] = ()
    capacity: int = 20
    unable: str = ""


class TeamState(msgspec.Struct, frozen=True, kw_only=True):
    """One team; the conversations of a restricted one are only for its members."""

    id: int
    name: str
    restricted: bool = False
    member_ids: tuple[int, ...] = ()


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who may get a conversation, by id."""

    agents: dict[int, AgentState]
    teams: dict[int, TeamState]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets it and why.

    `row` names the row that decided: a built-in one, or `rule:<name>`. `tags` are those to add, in order;
    `priority` None leaves it. `auto_reply` is a saved wording's name or a text. `balance`: the team's queue is
    to be balanced right after the commit. `reason` is `{"code", …names}`, worded by routing/explain.
    `inputs` is the case, with `walk`: `[{"row", "outcome"}]`, what each row made of it (took, labelled, passed,
    skipped). `candidates`: `[{"agent_id", "name", "chosen", "why": {"code", …}}]` in the order they were considered.
    """

    row: str
    agent_id: int | None = None
    team_id: int | None = None
    covering_for_id: int | None = None
    tags: tuple[str, ...] = ()
    priority: str | None = None
    aside: bool = False
    auto_reply: str = ""
    stop: bool = False
    balance: bool = False
    reason: dict[str, Any]
    inputs: dict[str, Any] = {}
    candidates: list[dict[str, Any]] = []
    rule_version: int = 0
