"""Settings: the overview, and the people who work here."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import invitations, people, teams
from hub.agents.roles import must
from hub.plumbing import parked
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _
from hub.routing import leaving
from hub.web import shell
from hub.web.agents.views import AdminPage, AgentPage, AgentsPage
from hub.web.channels.pages import lines_of
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of


class NewAgentForm(msgspec.Struct):
    """POST /admin/agents."""

    name: str = ""
    email: str = ""
    role: str = "agent"
    language: str = "es"


class AgentForm(msgspec.Struct):
    """POST /admin/agents/{id}."""

    name: str = ""
    role: str = ""
    capacity: int = 20
    phone: str | None = None


class LeavingForm(msgspec.Struct):
    """POST /admin/agents/{id}/deactivate: who takes what they have."""

    to: int | None = None


async def overview(request: web.Request) -> web.StreamResponse:
    """GET /admin."""
    must(person_of(request), "manage_agents")
    async with hub_of(request).transaction() as tx:
        told = AdminPage(
            agents=len(await people.every(tx)),
            teams=len(await teams.every(tx)),
            lines=await lines_of(tx),
            parked=await parked.listed(tx),
        )
    return await shell.page(request, "agents/admin.html", told, current="admin")


async def show_all(request: web.Request) -> web.StreamResponse:
    """GET /admin/agents."""
    must(person_of(request), "manage_agents")
    return await _agents(request)


async def add(request: web.Request) -> web.StreamResponse:
    """POST /admin/agents: somebody new, and the link they come in by, shown once."""
    me = person_of(request)
    must(me, "manage_agents")
    form = await form_of(request, NewAgentForm)
    try:
        async with hub_of(request).transaction() as tx:
            agent = await people.add(
                tx, name=form.name, email=form.email, role=form.role, language=form.language, by=me.id
            )
            secret = await invitations.invite(tx, agent.id, by=me.id)
    except (BadInput, Conflict) as error:
        given: dict[str, str] = msgspec.to_builtins(form)
        return await _agents(request, given=given, errors={error.field: error.message})
    return await _agents(request, link=secret, invited=agent.name)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/agents/{id}."""
    must(person_of(request), "manage_agents")
    return await _agent(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /admin/agents/{id}."""
    me = person_of(request)
    must(me, "manage_agents")
    try:
        form = await form_of(request, AgentForm)
        async with hub_of(request).transaction() as tx:
            await people.change(
                tx,
                id_of(request),
                name=form.name,
                role=form.role,
                capacity=form.capacity,
                phone=form.phone,
                by=me.id,
            )
    except (BadInput, Conflict) as error:
        return await _agent(request, {error.field: error.message})
    raise web.HTTPSeeOther("/admin/agents")


async def invite(request: web.Request) -> web.StreamResponse:
    """POST /admin/agents/{id}/invite: a fresh link, for a first password or a forgotten one."""
    me = person_of(request)
    must(me, "manage_agents")
    async with hub_of(request).transaction() as tx:
        agent = await people.find(tx, id_of(request))
        secret = await invitations.invite(tx, agent.id, by=me.id)
    return await _agents(request, link=secret, invited=agent.name)


async def deactivate(request: web.Request) -> web.StreamResponse:
    """POST /admin/agents/{id}/deactivate: what they have goes to somebody, in the same transaction."""
    me = person_of(request)
    must(me, "manage_agents")
    form = await form_of(request, LeavingForm)
    id_ = id_of(request)
    try:
        async with hub_of(request).transaction() as tx:
            if form.to is not None:
                await leaving.hand_over(tx, id_, form.to, by=me.id)
            elif any(await leaving.belongings(tx, id_)):
                raise BadInput(_("Say who takes their accounts and conversations."), field="to")
            await people.deactivate(tx, id_, by=me.id)
    except (BadInput, Conflict) as error:
        return await _agent(request, {error.field or "to": error.message})
    raise web.HTTPSeeOther("/admin/agents")


async def reactivate(request: web.Request) -> web.StreamResponse:
    """POST /admin/agents/{id}/reactivate."""
    me = person_of(request)
    must(me, "manage_agents")
    async with hub_of(request).transaction() as tx:
        await people.reactivate(tx, id_of(request), by=me.id)
    raise web.HTTPSeeOther("/admin/agents")


async def _agents(
    request: web.Request,
    *,
    link: str = "",
    invited: str = "",
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> web.Response:
    hub = hub_of(request)
    async with hub.transaction() as tx:
        told = AgentsPage(
            agents=await people.every(tx, inactive=True),
            team_names={team.id: team.name for team in await teams.every(tx)},
            link=f"{hub.settings.base_url}/invitation/{link}" if link else "",
            invited=invited,
            given=given or {},
            errors=errors or {},
        )
    status = 422 if errors else 200
    return await shell.page(request, "agents/agents.html", told, current="admin", status=status)


async def _agent(request: web.Request, errors: dict[str, str] | None = None) -> web.Response:
    async with hub_of(request).transaction() as tx:
        agent = await people.find(tx, id_of(request))
        accounts, conversations = await leaving.belongings(tx, agent.id)
        told = AgentPage(
            agent=agent,
            accounts=accounts,
            conversations=conversations,
            others=[(one.id, one.name) for one in await people.every(tx) if one.id != agent.id],
            errors=errors or {},
        )
    status = 422 if errors else 200
    return await shell.page(request, "agents/agent.html", told, current="admin", status=status)
