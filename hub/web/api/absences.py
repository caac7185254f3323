"""Absences over the API: who is away, planning, calling off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.agents import absence
from hub.agents.absence import Absence
from hub.agents.roles import Person, may
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape

Number = Annotated[int, msgspec.Meta(ge=0, lt=10**18)]


class AbsenceShape(Shape, frozen=True, kw_only=True):
    """Somebody away from `starts_at` until `ends_at`; `deputy` gets what waits for them."""

    id: int
    agent: Ref
    deputy: Ref | None
    starts_at: datetime
    ends_at: datetime
    reason: str


class AbsenceBody(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of agents; without `agent` the caller is meant. Times carry their zone (RFC 3339)."""

    starts_at: datetime
    ends_at: datetime
    agent: Number | None = None
    deputy: Number | None = None
    reason: str = ""


async def list_absences(call: Call) -> Page[AbsenceShape]:
    """Those of now, who returns first at the top, then those to come."""
    async with call.transaction() as tx:
        found = [*await absence.current(tx), *await absence.coming(tx)]
    return Page([_shape(one) for one in found], None)


async def plan_absence(call: Call) -> AbsenceShape:
    """Raises NotFound for somebody else's, from whoever may not enter it; BadInput, Conflict."""
    asked: AbsenceBody = call.body
    agent_id = call.person.id if asked.agent is None else asked.agent
    _must_be_theirs(call.person, agent_id)
    for name in ("starts_at", "ends_at"):
        if getattr(asked, name).tzinfo is None:
            raise BadInput(_("Say the zone: 2026-09-12T09:00:00Z."), field=name)
    async with call.transaction() as tx:
        made = await absence.plan(
            tx, agent_id, asked.deputy, asked.starts_at, asked.ends_at, asked.reason, by=call.person.id
        )
    return _shape(made)


async def cancel_absence(call: Call) -> AbsenceShape:
    """Called off, or back early: what was covered returns. Raises NotFound, Conflict."""
    async with call.transaction() as tx:
        known = await absence.find(tx, call.id)
        _must_be_theirs(call.person, known.agent_id)
        return _shape(await absence.cancel(tx, known.id, by=call.person.id))


def _must_be_theirs(person: Person, agent_id: int) -> None:
    if agent_id != person.id and not may(person, "set_absence_of_others"):
        raise NotFound(_("There is no such agent."))


def _shape(one: Absence) -> AbsenceShape:
    return AbsenceShape(
        id=one.id,
        agent=Ref(one.agent_id, one.agent_name),
        deputy=None if one.deputy_id is None else Ref(one.deputy_id, one.deputy_name or ""),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        reason=one.reason,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/absences",
        summary="Who is away now and soon",
        handler=list_absences,
        answer=Page[AbsenceShape],
    ),
    Endpoint(
        method="POST",
        path="/absences",
        summary="Plan an absence",
        handler=plan_absence,
        body=AbsenceBody,
        answer=AbsenceShape,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/absences/{id}/cancel",
        summary="Call it off, or come back early",
        handler=cancel_absence,
        answer=AbsenceShape,
    ),
]
