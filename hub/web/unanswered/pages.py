"""What a person must decide: answers that failed, or were perhaps sent."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.conversations.next_step import Step
from hub.conversations.unanswered import Unanswered, steps, unanswered
from hub.deliveries.wording import state_name, words
from hub.web import shell
from hub.web.forms import number_of
from hub.web.inbox.rows import mark
from hub.web.requests import hub_of, person_of
from hub.web.views import ChannelMark, View

PAGE = 50


class Undelivered(View, frozen=True, kw_only=True):
    """One answer the customer did not get: what it was, and in words what happened."""

    one: Unanswered
    state: str
    why: str
    step: Step
    mark: ChannelMark | None


class UnansweredPage(View, frozen=True, kw_only=True):
    """GET /unanswered."""

    found: list[Undelivered]
    mine: bool
    more: str


async def show(request: web.Request) -> web.StreamResponse:
    """GET /unanswered?mine=1&before=."""
    person = person_of(request)
    mine = request.query.get("mine") == "1"
    async with hub_of(request).transaction() as tx:
        found = await unanswered(tx, person.id, mine=mine, before=number_of(request, "before"), most=PAGE + 1)
        best = await steps(tx, found[:PAGE])
    more = f"/unanswered?before={found[PAGE - 1].delivery_id}{'&mine=1' * mine}" if len(found) > PAGE else ""
    drawn = [
        Undelivered(
            one=one,
            state=state_name(one.state),
            why=words(one.code, one.reason),
            step=(step := best[one.delivery_id]),
            mark=mark(step.way.channel.kind, step.way.channel.name) if step.way else None,
        )
        for one in found[:PAGE]
    ]
    page = UnansweredPage(found=drawn, mine=mine, more=more)
    return await shell.page(request, "unanswered/page.html", page, current="unanswered")


ROUTES: list[RouteDef] = [get("/unanswered", show)]
