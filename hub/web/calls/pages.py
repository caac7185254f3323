"""Beginning a call, hanging up, and the bar as it is now."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub import calling
from hub.conversations import call_bars
from hub.web import render, shell
from hub.web.calls.bars import bars
from hub.web.forms import form_of
from hub.web.inbox.asked import done, id_of, must_see, whole
from hub.web.requests import hub_of, person_of
from hub.web.views.calls import CallBarsView


class CallForm(msgspec.Struct):
    """POST /c/{id}/calls. Without a number: whom an answer would reach. `client_id` rings nobody twice."""

    number: str = ""
    channel_id: str = ""
    client_id: str = ""


async def start(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/calls: the agent's telephone rings, then the customer's."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, CallForm)
    async with hub_of(request).transaction() as tx:
        await must_see(tx, id_, person)
    call = await calling.start(
        hub_of(request),
        id_,
        person.id,
        client_id=form.client_id[:100],
        number=form.number[:100],
        channel_id=whole(form.channel_id, "channel_id"),
    )
    return done(request, id_, call=call.id)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/calls/{call_id}/hang-up."""
    person, id_ = person_of(request), id_of(request)
    async with hub_of(request).transaction() as tx:
        await must_see(tx, id_, person)
    await calling.hang_up(hub_of(request), id_, id_of(request, "call_id"), person.id)
    return done(request, id_)


async def mine(request: web.Request) -> web.StreamResponse:
    """GET /calls: what the bar holds now, for a page that missed something."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        with_bars = CallBarsView(calls=await bars(tx, await call_bars.of_agent(tx, person.id)))
    return shell.html(render.partial("calls/_bars.html", with_bars, person.language, person.time_zone))
