"""Who may see and do what: the one `may_see`, its twin in SQL, and the table of verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import Forbidden, NotFound
from hub.plumbing.texts import _

Role = Literal["agent", "lead", "marketer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Verb = Literal[
    "manage_agents",
    "manage_teams",
    "manage_channels",
    "manage_tokens",
    "publish_rules",
    "see_absences_of_others",
    "set_absence_of_others",
    "see_quarantine",
    "retry_quarantine",
    "import",
    "export",
    "erase",
    "run_campaigns",
    "see_reports",
]
ALLOWED: dict[Verb, frozenset[Role]] = {
    "manage_agents": frozenset({"admin"}),
    "manage_teams": frozenset({"admin"}),
    "manage_channels": frozenset({"admin"}),
    "manage_tokens": frozenset({"admin"}),
    "publish_rules": frozenset({"lead", "admin"}),
    "see_absences_of_others": frozenset(ROLES),
    "set_absence_of_others": frozenset({"lead", "admin"}),
    "see_quarantine": frozenset({"lead", "admin"}),
    "retry_quarantine": frozenset({"lead", "admin"}),
    "import": frozenset({"lead", "admin"}),
    "export": frozenset({"lead", "admin"}),
    "erase": frozenset({"admin"}),
    "run_campaigns": frozenset({"marketer", "lead", "admin"}),
    "see_reports": frozenset({"lead", "marketer", "admin"}),
}
"""What only some may do. Everything else about a conversation is decided by `may_see` alone."""

VISIBLE_TO = """(
    conversation.team_id IS NULL
    OR conversation.assignee_id = $1
    OR conversation.team_id <> ALL (ARRAY(
        SELECT team.id FROM team
        WHERE team.restricted
          AND NOT EXISTS (SELECT FROM team_member AS mine WHERE mine.team_id = team.id AND mine.agent_id = $1)
          AND NOT EXISTS (SELECT FROM agent AS me WHERE me.id = $1 AND me.role = 'admin')))
)"""
"""`may_see` as a condition on a table named `conversation`; `$1` is the id of the agent who looks.

The hidden teams are computed once a statement, so the list's index walk stays what it is.
"""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here, as each request knows them. `access_version` rises when their rights change."""

    id: int
    name: str
    email: str
    role: Role
    team_ids: frozenset[int] = frozenset()
    language: str = "es"
    time_zone: str = "Europe/Madrid"
    theme: str = "system"
    density: str = "comfortable"
    shortcuts: bool = True
    undo_seconds: int = 8
    access_version: int = 1


def may_see(person: Person, *, team_restricted: bool, team_id: int | None, assignee_id: int | None) -> bool:
    """Whether a conversation is visible: all are, except a restricted team's.

    Those are seen by the team's members, by admins, and by whoever it was assigned to.
    """
    if team_id is None or not team_restricted:
        return True
    return person.role == "admin" or team_id in person.team_ids or assignee_id == person.id


def may(person: Person, verb: Verb) -> bool:
    """Whether this role may do that at all."""
    return person.role in ALLOWED[verb]


def must(person: Person, verb: Verb) -> None:
    """The same as a gate. Raises Forbidden."""
    if not may(person, verb):
        raise Forbidden(_("Your role does not allow this. Ask an administrator."))


async def load(tx: Tx, agent_id: int) -> Person:
    """An active agent as a Person. Raises NotFound."""
    found = await load_many(tx, [agent_id])
    if not found:
        raise NotFound(_("There is no such agent."))
    return found[0]


async def load_many(tx: Tx, agent_ids: Sequence[int]) -> list[Person]:
    """The active ones of these agents, by id."""
    return await tx.rows(
        Person,
        """
        SELECT id, name, email, role, language, time_zone, theme, density, shortcuts, undo_seconds,
               access_version,
               ARRAY(SELECT team_id FROM team_member WHERE agent_id = agent.id) AS team_ids
        FROM agent WHERE id = ANY($1::bigint[]) AND active ORDER BY id
        """,
        list(agent_ids),
    )


async def rights_changed(tx: Tx, agent_ids: Sequence[int]) -> None:
    """Raise their access_version and make their open sockets check again (INVARIANTS §8)."""
    for agent_id in sorted(set(agent_ids)):
        await tx.execute("UPDATE agent SET access_version = access_version + 1 WHERE id = $1", agent_id)
        tx.signal("access", agent_id, [f"agent:{agent_id}"])
