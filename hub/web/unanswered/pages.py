"""What a person must decide: answers that failed, or were perhaps sent; for marketers, campaigns' messages too."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.agents.roles import may
from hub.campaigns import undelivered
from hub.conversations.next_step import Step
from hub.conversations.unanswered import Unanswered, steps, unanswered
from hub.deliveries.wording import state_name, words
from hub.plumbing.texts import ngettext
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


class OfCampaign(View, frozen=True, kw_only=True):
    """What one campaign did not deliver: `counted` are sentences, each with the list of those people."""

    one: undelivered.Undelivered
    counted: list[tuple[str, str]]


class UnansweredPage(View, frozen=True, kw_only=True):
    """GET /unanswered."""

    found: list[Undelivered]
    mine: bool
    more: str
    campaigns: list[OfCampaign]


async def show(request: web.Request) -> web.StreamResponse:
    """GET /unanswered?mine=1&before=."""
    person = person_of(request)
    mine = request.query.get("mine") == "1"
    async with hub_of(request).transaction() as tx:
        found = await unanswered(tx, person.id, mine=mine, before=number_of(request, "before"), most=PAGE + 1)
        best = await steps(tx, found[:PAGE])
        markets = may(person, "run_campaigns") and number_of(request, "before") is None
        failed = await undelivered.waiting(tx) if markets else []
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
    page = UnansweredPage(found=drawn, mine=mine, more=more, campaigns=[_of_campaign(one) for one in failed])
    return await shell.page(request, "unanswered/page.html", page, current="unanswered")


def _of_campaign(one: undelivered.Undelivered) -> OfCampaign:
    people = f"/campaigns/{one.campaign_id}/report?which="
    counted = [
        (one.unknown, ngettext("%(n)s perhaps sent", "%(n)s perhaps sent", one.unknown), "unknown"),
        (one.again, ngettext("%(n)s may be sent again", "%(n)s may be sent again", one.again), "failed"),
        (
            one.correct,
            ngettext("%(n)s was refused for good", "%(n)s were refused for good", one.correct),
            "failed",
        ),
    ]
    return OfCampaign(one=one, counted=[(said, f"{people}{which}#people") for n, said, which in counted if n])


ROUTES: list[RouteDef] = [get("/unanswered", show)]
