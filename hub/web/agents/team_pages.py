"""Settings: teams, who belongs to them, and which keep their conversations to themselves."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import people, teams
from hub.agents.roles import must
from hub.plumbing.errors import BadInput, Conflict
from hub.web import shell
from hub.web.agents.views import TeamPage, TeamsPage
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of


class TeamForm(msgspec.Struct):
    """POST /admin/teams and /admin/teams/{id}."""

    name: str = ""
    restricted: bool = False
    members: list[int] = msgspec.field(default_factory=list)


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /admin/teams."""
    must(person_of(request), "manage_teams")
    return await _teams(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /admin/teams."""
    me = person_of(request)
    must(me, "manage_teams")
    form = await form_of(request, TeamForm)
    try:
        async with hub_of(request).transaction() as tx:
            await teams.add(tx, name=form.name, restricted=form.restricted, member_ids=form.members, by=me.id)
    except (BadInput, Conflict) as error:
        return await _teams(request, {error.field: error.message})
    raise web.HTTPSeeOther("/admin/teams")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/teams/{id}."""
    must(person_of(request), "manage_teams")
    return await _team(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /admin/teams/{id}."""
    me = person_of(request)
    must(me, "manage_teams")
    form = await form_of(request, TeamForm)
    try:
        async with hub_of(request).transaction() as tx:
            await teams.change(
                tx,
                id_of(request),
                name=form.name,
                restricted=form.restricted,
                member_ids=form.members,
                by=me.id,
            )
    except (BadInput, Conflict) as error:
        return await _team(request, {error.field: error.message})
    raise web.HTTPSeeOther("/admin/teams")


async def _teams(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    async with hub_of(request).transaction() as tx:
        agents, known = await people.every(tx, inactive=True), await teams.every(tx)
    members = {
        team.id: ", ".join(agent.name for agent in agents if agent.id in team.member_ids) for team in known
    }
    told = TeamsPage(teams=known, members=members, agents=agents, errors=errors or {})
    status = 422 if errors else 200
    return await shell.page(request, "agents/teams.html", told, current="admin", status=status)


async def _team(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    async with hub_of(request).transaction() as tx:
        told = TeamPage(
            team=await teams.find(tx, id_of(request)), agents=await people.every(tx), errors=errors or {}
        )
    status = 422 if errors else 200
    return await shell.page(request, "agents/team.html", told, current="admin", status=status)
