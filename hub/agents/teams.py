"""Teams: who belongs together, and which ones keep their conversations to themselves."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.agents.people import checked_name
from hub.agents.roles import Person, rights_changed
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team with the ids of its members. Restricted: only members and admins see its conversations."""

    id: int
    name: str
    restricted: bool
    member_ids: list[int]


async def every(tx: Tx) -> list[Team]:
    """All teams by name."""
    return await tx.rows(Team, f"{_TEAM} ORDER BY plain(name), id")


async def visible_to(tx: Tx, person: Person) -> list[Team]:
    """The teams whose conversations this person may list: the open ones, and their own."""
    teams = await every(tx)
    return [
        team for team in teams if not team.restricted or person.role == "admin" or team.id in person.team_ids
    ]


async def find(tx: Tx, team_id: int) -> Team:
    """One team. Raises NotFound."""
    found = await tx.row(Team, f"{_TEAM} WHERE id = $1", team_id)
    if found is None:
        raise NotFound(_("There is no such team."))
    return found


async def add(
    tx: Tx, *, name: str, restricted: bool = False, member_ids: Sequence[int] = (), by: int | None = None
) -> Team:
    """A new team. Raises BadInput, Conflict."""
    id_ = await tx.value(
        "INSERT INTO team (name, restricted) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id",
        checked_name(name),
        restricted,
    )
    if id_ is None:
        raise Conflict(_("There is already a team of this name."), field="name")
    await _set_members(tx, id_, member_ids)
    await rights_changed(tx, await _touched(tx, id_, [], restricted))
    await history.record(tx, "team_added", agent_id=by, team=id_)
    return await find(tx, id_)


async def change(
    tx: Tx,
    team_id: int,
    *,
    name: str,
    restricted: bool,
    member_ids: Sequence[int],
    by: int | None = None,
) -> Team:
    """Name, openness and members of a team; everybody whose sight changes is checked again at once.

    Raises BadInput, Conflict, NotFound.
    """
    await tx.execute("SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE", team_id)
    before = await find(tx, team_id)
    taken = "SELECT EXISTS (SELECT FROM team WHERE name = $1 AND id <> $2)"
    if await tx.value(taken, checked_name(name), team_id):
        raise Conflict(_("There is already a team of this name."), field="name")
    await tx.execute(
        "UPDATE team SET name = $2, restricted = $3 WHERE id = $1", team_id, checked_name(name), restricted
    )
    await _set_members(tx, team_id, member_ids)
    opened_or_closed = before.restricted != restricted
    await rights_changed(tx, await _touched(tx, team_id, before.member_ids, opened_or_closed))
    await history.record(tx, "team_changed", agent_id=by, team=team_id, restricted=restricted)
    return await find(tx, team_id)


async def _set_members(tx: Tx, team_id: int, member_ids: Sequence[int]) -> None:
    wanted = sorted(set(member_ids))
    known = await tx.value("SELECT count(*) FROM agent WHERE id = ANY($1::bigint[])", wanted)
    if known != len(wanted):
        raise BadInput(_("One of the members does not exist."), field="members")
    await tx.execute(
        "DELETE FROM team_member WHERE team_id = $1 AND agent_id <> ALL($2::bigint[])", team_id, wanted
    )
    await tx.execute(
        """
        INSERT INTO team_member (team_id, agent_id) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING
        """,
        team_id,
        wanted,
    )


async def _touched(tx: Tx, team_id: int, before: Sequence[int], everybody: bool) -> list[int]:
    """Whose sight may have changed: all when the team opened or closed, else who joined or left."""
    if everybody:
        return [row["id"] for row in await tx.fetch("SELECT id FROM agent WHERE active ORDER BY id")]
    rows = await tx.fetch("SELECT agent_id FROM team_member WHERE team_id = $1", team_id)
    return sorted({row["agent_id"] for row in rows} ^ set(before))


_TEAM = """
    SELECT id, name, restricted,
           ARRAY(SELECT agent_id FROM team_member WHERE team_id = team.id ORDER BY agent_id) AS member_ids
    FROM team
"""
