"""Agents, teams and the ledger of arrivals over the API."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from hub.agents import people, presence, teams
from hub.agents.roles import may, must
from hub.channels import arrivals
from hub.channels.arrivals import Kept
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import AgentShape, ArrivalShape, OutcomeShape, Ref, TeamShape
from hub.web.requests import inbound_of


class ArrivalsQuery(Paging, frozen=True, kw_only=True):
    """GET /arrivals: newest first, of one outcome."""

    outcome: Literal["unreadable", "stored", "ignored", "duplicate"] = "unreadable"


async def list_agents(call: Call) -> Page[AgentShape]:
    """Everybody who works here; the inactive ones too for who manages them."""
    async with call.transaction() as tx:
        found = await people.every(tx, inactive=may(call.person, "manage_agents"))
        here = await presence.who_is_here(tx)
        known = await teams.visible_to(tx, call.person)
    return Page(
        [
            AgentShape(
                id=one.id,
                name=one.name,
                email=one.email,
                role=one.role,
                active=one.active,
                language=one.language,
                here=one.id in here,
                teams=[Ref(team.id, team.name) for team in known if one.id in team.member_ids],
            )
            for one in found
        ],
        None,
    )


async def read_agent(call: Call) -> AgentShape:
    """One of them. Raises NotFound."""
    found = next((one for one in (await list_agents(call)).items if one.id == call.id), None)
    if found is None:
        raise NotFound(_("There is nobody with this id."))
    return found


async def list_teams(call: Call) -> Page[TeamShape]:
    """The teams this token's person may know of."""
    async with call.transaction() as tx:
        found = await teams.visible_to(tx, call.person)
    return Page([TeamShape(id=one.id, name=one.name, restricted=one.restricted) for one in found], None)


async def list_arrivals(call: Call) -> Page[ArrivalShape]:
    """The ledger, newest first; by default the quarantine."""
    must(call.person, "see_quarantine")
    asked: ArrivalsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await arrivals.listed(tx, asked.outcome, before=number_cursor(asked) or None, most=most + 1)
    return Page(
        [_arrival(one) for one in found[:most]], str(found[most - 1].id) if len(found) > most else None
    )


async def read_arrival(call: Call) -> ArrivalShape:
    """One row of the ledger."""
    must(call.person, "see_quarantine")
    async with call.transaction() as tx:
        return _arrival(await arrivals.load(tx, call.id))


async def raw_arrival(call: Call) -> web.Response:
    """The bytes as they came."""
    must(call.person, "see_quarantine")
    async with call.transaction() as tx:
        kept = await arrivals.load(tx, call.id)
    body = await call.hub.files.get(kept.raw_file) if kept.raw_file else kept.raw or b""
    return web.Response(body=body, content_type="application/octet-stream")


async def retry_arrival(call: Call) -> OutcomeShape:
    """Process it again with today's parser."""
    must(call.person, "retry_quarantine")
    outcome = await inbound_of(call.request).retry(call.id)
    return OutcomeShape(
        outcome=outcome.state,
        reason=outcome.reason,
        conversation=outcome.conversation_id,
        message=outcome.message_id,
    )


def _arrival(kept: Kept) -> ArrivalShape:
    return ArrivalShape(
        id=kept.id,
        channel=Ref(kept.channel_id, kept.channel_name),
        received_at=kept.received_at,
        outcome=kept.outcome,
        reason=kept.reason,
        size=kept.size,
    )


ENDPOINTS = [
    Endpoint(
        method="GET", path="/agents", summary="Who works here", handler=list_agents, answer=Page[AgentShape]
    ),
    Endpoint(method="GET", path="/agents/{id}", summary="One agent", handler=read_agent, answer=AgentShape),
    Endpoint(method="GET", path="/teams", summary="The teams", handler=list_teams, answer=Page[TeamShape]),
    Endpoint(
        method="GET",
        path="/arrivals",
        summary="The ledger of arrivals",
        handler=list_arrivals,
        query=ArrivalsQuery,
        answer=Page[ArrivalShape],
    ),
    Endpoint(
        method="GET", path="/arrivals/{id}", summary="One arrival", handler=read_arrival, answer=ArrivalShape
    ),
    Endpoint(
        method="GET",
        path="/arrivals/{id}/raw",
        summary="Its bytes",
        handler=raw_arrival,
        answer=None,
        raw=True,
    ),
    Endpoint(
        method="POST",
        path="/arrivals/{id}/retry",
        summary="Process it again",
        handler=retry_arrival,
        answer=OutcomeShape,
        commits=True,
    ),
]
