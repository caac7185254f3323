"""/campaigns/{id}/run: how far it is, pausing and going on, and who perhaps got it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import msgspec
from aiohttp import web

from hub.campaigns import campaigns, figures, recipients, running, timing, undelivered, unsettled
from hub.campaigns.campaigns import Campaign
from hub.campaigns.figures import Progress
from hub.campaigns.recipients import Recipient
from hub.campaigns.states import State, may_become
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _, ngettext
from hub.web import render, shell
from hub.web.campaigns import charts, opened, reasons, words
from hub.web.campaigns.figures_views import ActView, FarView, RunPage, RunView, UnknownView
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of

MOST_UNKNOWN = 50
Verb = Callable[[Tx, int, int], Awaitable[Campaign]]
PLANNING = ("draft", "preparing", "prepared")
HOURS_FROM = 120  # minutes
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


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a campaign found. `unknown`: who perhaps got it, as many as are shown; `next_at`, `last_at`:
    when the first and the last of those leave that are still planned."""

    progress: Progress
    unknown: list[Recipient]
    next_at: datetime | None
    last_at: datetime | None


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/run; while it is being planned, to where one goes on with it."""
    opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
    if campaign.state in PLANNING:
        raise web.HTTPSeeOther(words.place(campaign))
    return await _page(request)


async def _page(request: web.Request, errors: dict[str, str] | None = None) -> web.StreamResponse:
    opened.marketer(request)
    cursor = await shell.live_cursor(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        page = RunPage(
            **await opened.frame(tx, request, campaign, "run") | {"errors": errors or {}},
            run=run_of(campaign, await look(tx, campaign.id)),
            spread=await timing.spread(tx, campaign),
        )
    status = 422 if errors else 200
    return await shell.page(
        request, "campaigns/run.html", page, current="campaigns", cursor=cursor, status=status
    )


async def act(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/run: pause, resume, unschedule, or call the rest off."""
    person = opened.marketer(request)
    form = await form_of(request, ActForm)
    if form.act not in ACTS:
        raise BadInput(_("There is no such step."), field="act")
    verbs: dict[str, Verb] = {
        "pause": running.pause,
        "resume": partial(running.resume, perhaps=opened.typed(form.perhaps)),
        "unschedule": running.unschedule,
        "cancel": running.cancel,
    }
    try:
        async with hub_of(request).transaction() as tx:
            await verbs[form.act](tx, id_of(request), person.id)
    except BadInput as error:
        return await _page(request, {error.field or "": error.message})
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


async def look(tx: Tx, campaign_id: int) -> Looked:
    """As it stands now, the same for everybody who looks."""
    next_at, last_at = await timing.ahead(tx, campaign_id)
    return Looked(
        progress=await figures.progress(tx, campaign_id),
        unknown=await recipients.listed(tx, campaign_id, states=["unknown"], most=MOST_UNKNOWN),
        next_at=next_at,
        last_at=last_at,
    )


def run_of(campaign: Campaign, looked: Looked) -> RunView:
    """The whole partial, in the language being spoken."""
    progress, unknown = looked.progress, looked.unknown
    done = progress.everybody - progress.to_go
    next_at, last_at = _moments(campaign, looked)
    return RunView(
        campaign=campaign,
        state=words.state(campaign),
        tone=words.TONES.get(campaign.state, ""),
        bars=charts.bar(progress),
        tiles=_tiles(progress),
        percent=int(charts.percent(done, progress.everybody)),
        done=done,
        everybody=progress.everybody,
        pace=_pace(campaign, progress, ends=last_at is None),
        next_at=next_at,
        last_at=last_at,
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
        ("flying", _("On its way"), progress.in_flight),
        ("sent", _("Sent"), progress.out),
        ("arrived", _("Arrived"), there("delivered", 0) + there("read", 0)),
        ("answered", _("Answered"), progress.answered),
        ("probable", _("Probably answered"), progress.probable),
        ("unknown", _("Perhaps sent"), there("unknown", 0)),
        ("failed", _("Failed"), there("failed", 0)),
        ("not_sent", _("Not sent"), there("canceled", 0)),
        ("left_out", _("Left out"), sum(progress.excluded.values()) + sum(progress.stopped.values())),
    ]


def _moments(campaign: Campaign, looked: Looked) -> tuple[datetime | None, datetime | None]:
    """When the next leave, where none does now, and the last, where the pace alone would end earlier."""
    if campaign.state not in ("scheduled", "running"):
        return None, None
    at_pace = now() + timedelta(minutes=looked.progress.minutes_left or 0)
    following = looked.next_at if not looked.progress.a_minute else None
    return _behind(following, now()), _behind(looked.last_at, at_pace + timedelta(minutes=1))


def _behind(at: datetime | None, moment: datetime) -> datetime | None:
    return at if at and at > moment else None


def _pace(campaign: Campaign, progress: Progress, *, ends: bool) -> str:
    """`ends`: at this pace, and not when the last of the plan has its moment."""
    if campaign.state != "running":
        return ""
    a_minute, minutes = progress.a_minute, progress.minutes_left
    if not minutes:
        return _("Nothing left in the last minute.")
    pace = render.number(a_minute)
    if not ends:
        return _("%(n)s a minute.", n=pace)
    if minutes >= HOURS_FROM:
        return _(
            "%(pace)s a minute; at this pace the rest takes about %(n)s hours.",
            pace=pace,
            n=render.number(-(-minutes // 60)),
        )
    return ngettext(
        "%(pace)s a minute; at this pace the rest takes %(n)s minute.",
        "%(pace)s a minute; at this pace the rest takes %(n)s minutes.",
        minutes,
        pace=pace,
    )


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
