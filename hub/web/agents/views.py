"""What the pages of this room are told."""

from __future__ import annotations

import msgspec

from hub.agents.absence import Absence
from hub.agents.people import Agent
from hub.agents.preferences import Preferences
from hub.agents.teams import Team
from hub.agents.tokens import Token
from hub.plumbing.parked import Parked
from hub.web.channels.views import LineView
from hub.web.views import View


class MePage(View, frozen=True, kw_only=True):
    """GET /me. `errors`: sentence by field name."""

    mine: Preferences
    email: str
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class InvitationPage(View, frozen=True, kw_only=True):
    """GET /invitation/{token}: choosing a password."""

    name: str
    email: str
    error: str = ""


class AdminPage(View, frozen=True, kw_only=True):
    """GET /admin: what is set up, how the channels are, and what was given up after many tries."""

    agents: int
    teams: int
    lines: list[LineView]
    parked: list[Parked]


class AgentsPage(View, frozen=True, kw_only=True):
    """GET /admin/agents. `link`: an invitation just made for `invited`, shown this once."""

    agents: list[Agent]
    team_names: dict[int, str]
    link: str = ""
    invited: str = ""
    given: dict[str, str] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class AgentPage(View, frozen=True, kw_only=True):
    """GET /admin/agents/{id}. `accounts`, `conversations`: what somebody else must take if they leave."""

    agent: Agent
    accounts: int
    conversations: int
    others: list[tuple[int, str]]
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class TeamsPage(View, frozen=True, kw_only=True):
    """GET /admin/teams. `members`: their names, by team."""

    teams: list[Team]
    members: dict[int, str]
    agents: list[Agent]
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class TeamPage(View, frozen=True, kw_only=True):
    """GET /admin/teams/{id}."""

    team: Team
    agents: list[Agent]
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class TokensPage(View, frozen=True, kw_only=True):
    """GET /admin/tokens. `secret`: a token just made, shown this once."""

    tokens: list[Token]
    choices: list[tuple[int, str]]
    secret: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class AbsencesPage(View, frozen=True, kw_only=True):
    """GET /absences. `choices`: whom this person may enter; `mine`: their own id."""

    now: list[Absence]
    coming: list[Absence]
    choices: list[tuple[int, str]]
    deputies: list[tuple[int, str]]
    mine: int
    may_all: bool
    given: dict[str, str] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)
