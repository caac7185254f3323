"""/campaigns/{id}/schedule: when it leaves, on which days and hours, and how fast."""

from __future__ import annotations

from zoneinfo import available_timezones

from aiohttp import web

from hub.campaigns import campaigns, drafting, foreseeing, timing
from hub.campaigns.campaigns import Campaign, Change
from hub.campaigns.schedule import Schedule
from hub.campaigns.timing import Spread
from hub.plumbing.errors import BadInput, Conflict, HubError, Unavailable
from hub.web import shell
from hub.web.campaigns import opened, words
from hub.web.campaigns.views import ScheduleForm, SchedulePage
from hub.web.forms import converted, form_of
from hub.web.requests import hub_of, id_of


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/schedule."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/schedule."""
    person = opened.marketer(request)
    form = await form_of(request, ScheduleForm)
    try:
        wanted = Change(schedule=_wanted(form))
        async with hub_of(request).transaction() as tx:
            kept = await drafting.change(
                tx, id_of(request), wanted, opened.reading(form), agent_id=person.id, give_way=form.theirs
            )
    except (BadInput, Conflict) as error:
        opened.refused(request, error)
        return await _page(request, error, wanted if isinstance(error, drafting.Overtaken) else None)
    return await opened.saved(request, "schedule", kept)


def _wanted(form: ScheduleForm) -> Schedule:
    """Raises BadInput naming the field."""
    given = {
        "when": form.when,
        "day": form.day or None,
        "hour": form.hour,
        "zone": form.zone.strip(),
        "weekdays": form.weekdays,
        "skip_holidays": form.skip_holidays,
        "opens": form.opens,
        "closes": form.closes,
        **{name: getattr(form, name) or None for name in ("per_minute", "per_sender", "per_domain")},
        "warm_up": [one.strip() for one in form.warm_up.split(",") if one.strip()],
    }
    return converted({name: _clock(value) for name, value in given.items()}, Schedule)


def _clock(value: object) -> object:
    """A browser writes 10:00; ISO 8601 as msgspec reads it wants the seconds."""
    return f"{value}:00" if isinstance(value, str) and len(value) == 5 and value[2] == ":" else value


async def _page(
    request: web.Request, error: HubError | None = None, wanted: Change | None = None
) -> web.StreamResponse:
    """`wanted`: what the form said, and still says."""
    opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        around = await opened.frame(tx, request, campaign, "schedule")
        around |= await opened.refusal(tx, error, "schedule", "when")
        spread = await timing.spread(tx, campaign)
    if campaign.state == "draft":
        spread = await _foreseen(request, campaign)
    schedule = opened.wished(campaign, wanted).schedule
    page = SchedulePage(
        **around,
        schedule=schedule,
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        weekdays=[(n, name, n in schedule.weekdays) for n, name in enumerate(words.weekdays())],
        policy="",
        sentence=words.schedule(schedule),
        spread=spread,
    )
    status = opened.status(error)
    return await shell.page(request, "campaigns/schedule.html", page, current="campaigns", status=status)


async def _foreseen(request: web.Request, campaign: Campaign) -> list[Spread]:
    """Nothing where finding people takes too long: the audience's own page says so."""
    try:
        async with hub_of(request).transaction() as tx:
            return await foreseeing.foreseen(tx, campaign)
    except Unavailable:
        return []
