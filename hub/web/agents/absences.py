"""Who is away, who covers, and entering it: one's own, or, for leads, anybody's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from hub.agents import absence, people
from hub.agents.roles import Person, may
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.agents.views import AbsencesPage
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of, person_of


class AbsenceForm(msgspec.Struct):
    """POST /absences: `starts` and `ends` are local times of the person who writes, as `2026-11-21T09:00`."""

    agent: int = 0
    deputy: str = ""
    starts: str = ""
    ends: str = ""
    reason: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /absences."""
    return await _page(request)


async def plan(request: web.Request) -> web.StreamResponse:
    """POST /absences. Raises NotFound for somebody else's, from whoever may not enter it."""
    me = person_of(request)
    form = await form_of(request, AbsenceForm)
    agent_id = form.agent or me.id
    _must_be_theirs(me, agent_id)
    try:
        starts, ends = _moment(form.starts, "starts", me), _moment(form.ends, "ends", me)
        deputy = int(form.deputy) if form.deputy.isascii() and form.deputy.isdigit() else None
        async with hub_of(request).transaction() as tx:
            await absence.plan(tx, agent_id, deputy, starts, ends, form.reason, by=me.id)
    except (BadInput, Conflict) as error:
        given = {key: str(value) for key, value in msgspec.structs.asdict(form).items()}
        return await _page(request, given=given, errors={_field(error.field): error.message})
    raise web.HTTPSeeOther("/absences")


async def cancel(request: web.Request) -> web.StreamResponse:
    """POST /absences/{id}/cancel: called off, or back early."""
    me = person_of(request)
    async with hub_of(request).transaction() as tx:
        known = await absence.find(tx, id_of(request))
        _must_be_theirs(me, known.agent_id)
        await absence.cancel(tx, known.id, by=me.id)
    raise web.HTTPSeeOther("/absences")


def _must_be_theirs(me: Person, agent_id: int) -> None:
    if agent_id != me.id and not may(me, "set_absence_of_others"):
        raise NotFound(_("There is nothing here, or you may not see it."))


def _moment(text: str, field: str, me: Person) -> datetime:
    """A local time as a moment; one that the change to summer time skips is the first one after it."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(me.time_zone))
    except ValueError as error:
        raise BadInput(_("Use a date and a time."), field=field) from error


def _field(name: str) -> str:
    """The form's name for a field of the room."""
    return {"starts_at": "starts", "ends_at": "ends", "deputy_id": "deputy", "agent_id": "agent"}.get(
        name, name
    )


async def _page(
    request: web.Request, *, given: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    me = person_of(request)
    may_all = may(me, "set_absence_of_others")
    async with hub_of(request).transaction() as tx:
        everybody = [(one.id, one.name) for one in await people.every(tx)]
        told = AbsencesPage(
            now=await absence.current(tx),
            coming=await absence.coming(tx),
            choices=everybody if may_all else [(me.id, me.name)],
            deputies=everybody,
            mine=me.id,
            may_all=may_all,
            given=given or {},
            errors=errors or {},
        )
    status = 422 if errors else 200
    return await shell.page(request, "agents/absences.html", told, current="absences", status=status)
