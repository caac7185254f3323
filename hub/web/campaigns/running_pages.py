"""/campaigns/{id}/run: how far it is, pausing and going on, and who perhaps got it."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from hub.campaigns import campaigns, figures, recipients, running, timing, undelivered, unsettled
from hub.campaigns.campaigns import Campaign
from hub.campaigns.figures import Progress
from hub.campaigns.recipients import Recipient
from hub.campaigns.states import State, may_become
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web import render, shell
from hub.web.campaigns import charts, opened, reasons, verbs, words
from hub.web.campaigns.figures_views import ActView, FarView, RunPage, RunView, UnknownView
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of

MOST_UNKNOWN = 50
ACTS: dict[str, tuple[State, str, str, str]] = {
    "pause": ("paused", N_("Pause"), "pause", ""),
    "resume": ("running", N_("Go on"), "play", "primary"),
    "unschedule": ("prepared", N_("Take it off the schedule"), "undo-2", ""),
    "cancel": ("canceled", N_("Call the rest off"), "square", "danger"),
}


class ActForm(msgspec.Struct):
    """POST /campaigns/{id}/run."""

    act: str = ""
    perhaps: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/run."""
    return await _page(request)


async def _page(request: web.Request, error: str = "") -> web.StreamResponse:
    opened.marketer(request)
    cursor = await shell.live_cursor(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        page = RunPage(
            **await opened.frame(tx, request, campaign, "run"),
            run=await run(tx, campaign),
            spread=await timing.spread(tx, campaign),
            error=error,
        )
    status = 422 if error else 200
    return await shell.page(
        request, "campaigns/run.html", page, current="campaigns", cursor=cursor, status=status
    )


async def act(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/run: pause, resume, unschedule, or call the rest off."""
    person = opened.marketer(request)
    form = await form_of(request, ActForm)
    if form.act not in ACTS:
        raise BadInput(_("There is no such step."), field="act")
    do = verbs.RUNNING[form.act]
    if form.act == "resume":
        do = partial(running.resume, perhaps=opened.typed(form.perhaps))
    try:
        async with hub_of(request).transaction() as tx:
            await do(tx, id_of(request), person.id)
    except BadInput as error:
        return await _page(request, error.message)
    place = "review" if form.act == "unschedule" else "run"
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/{place}")


async def resend(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/people/{recipient}/resend: a person sends again what was perhaps sent, or failed."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        changed = await unsettled.resend(tx, id_of(request), int(request.match_info["recipient"]), person.id)
    back = "report?which=failed#people" if changed.before == "failed" else "run"
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/{back}")


async def settle(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/settled: nothing more is to be done about what it did not deliver."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        await undelivered.settle(tx, id_of(request), person.id)
    raise web.HTTPSeeOther("/unanswered")


async def far(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/far: the bar of one row of the list, as a partial."""
    person = opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        await campaigns.load(tx, id_of(request))
        view = far_view(await figures.progress(tx, id_of(request)))
    return shell.html(render.partial("campaigns/_far.html", view, person.language, person.time_zone))


def far_view(progress: Progress) -> FarView:
    """How far it is, in one bar."""
    return FarView(
        bars=charts.bar(progress), done=progress.everybody - progress.to_go, everybody=progress.everybody
    )


async def run(tx: Tx, campaign: Campaign) -> RunView:
    """The whole partial, the same for everybody who looks."""
    return run_of(campaign, await figures.progress(tx, campaign.id), await perhaps_sent(tx, campaign.id))


async def perhaps_sent(tx: Tx, campaign_id: int) -> list[Recipient]:
    """Those who perhaps got it, as many as are shown."""
    return await recipients.listed(tx, campaign_id, states=["unknown"], most=MOST_UNKNOWN)


def run_of(campaign: Campaign, progress: Progress, unknown: list[Recipient]) -> RunView:
    """The same from what was read, in the language being spoken."""
    return RunView(
        campaign=campaign,
        state=words.state(campaign),
        tone=words.TONES.get(campaign.state, ""),
        bars=charts.bar(progress),
        tiles=_tiles(progress),
        percent=int(charts.percent(progress.everybody - progress.to_go, progress.everybody)),
        everybody=progress.everybody,
        pace=_pace(campaign, progress),
        acts=_acts(campaign, progress.perhaps),
        in_flight=progress.in_flight,
        left_out=worded(progress.excluded),
        stopped=worded(progress.stopped),
        unknown=[UnknownView(one=one, evidence=reasons.evidence(one.reason)) for one in unknown],
        more_unknown=max(0, progress.deliveries.get("unknown", 0) - len(unknown)),
        perhaps=progress.perhaps,
    )


def _tiles(progress: Progress) -> list[tuple[str, str, int]]:
    there = progress.deliveries.get
    return [
        ("waiting", _("Waiting"), progress.to_go - progress.in_flight),
        ("flying", _("Leaving"), progress.in_flight),
        ("sent", _("Sent"), progress.out),
        ("arrived", _("Arrived"), there("delivered", 0) + there("read", 0)),
        ("answered", _("Answered"), progress.answered),
        ("probable", _("Probably answered"), progress.probable),
        ("unknown", _("Perhaps sent"), there("unknown", 0)),
        ("failed", _("Failed"), there("failed", 0) + there("canceled", 0)),
    ]


def _pace(campaign: Campaign, progress: Progress) -> str:
    if campaign.state != "running":
        return ""
    if not progress.a_minute:
        return _("Nothing left in the last minute.")
    told: dict[str, Any] = {"n": progress.a_minute, "minutes": progress.minutes_left}
    return _("%(n)s a minute; at this pace the rest takes %(minutes)s minutes.", **told)


def _acts(campaign: Campaign, perhaps: int) -> list[ActView]:
    """After a restore going on asks for a number (`perhaps`), which stands apart."""
    return [
        ActView(key=key, name=_(name), icon=icon, kind=kind)
        for key, (wanted, name, icon, kind) in ACTS.items()
        if may_become(campaign.state, wanted, "person") and not (perhaps and key == "resume")
    ]


def worded(counted: dict[str, int]) -> list[tuple[str, int]]:
    """Reasons in words, most often first."""
    found: dict[str, int] = {}
    for code, number in counted.items():
        told = reasons.words(code)
        found[told] = found.get(told, 0) + number
    return sorted(found.items(), key=lambda item: -item[1])
