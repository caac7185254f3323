"""/campaigns/{id}/report: what became of it, person by person if one wants, and as a file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from csv import writer
from urllib.parse import urlencode

from aiohttp import web
from babel.numbers import format_currency

from hub.agents.roles import must
from hub.campaigns import (
    campaigns,
    comparing,
    counts,
    experiments,
    figures,
    follow_ups,
    heat,
    recipients,
    tracking,
    undelivered,
)
from hub.campaigns.campaigns import Campaign
from hub.campaigns.figures import BOUGHT_DAYS, Arm, Failure, Progress
from hub.campaigns.follow_ups import Pause
from hub.campaigns.recipients import Recipient
from hub.customers import contacts
from hub.deliveries import wording
from hub.plumbing.db import Tx
from hub.plumbing.sheets import inert, shown
from hub.plumbing.texts import N_, _, language
from hub.web import shell
from hub.web.campaigns import charts, compared, opened, reasons
from hub.web.campaigns.figures_views import ArmView, BarRow, PersonView, ReportPage
from hub.web.campaigns.running_pages import worded
from hub.web.forms import number_of
from hub.web.requests import hub_of, id_of

PAGE = 50
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": (N_("Everybody"), ()),
    "planned": (N_("Still to come"), ("frozen", "ready", "held", "queued", "claimed", "sending")),
    "sent": (N_("Sent"), ("sent", "delivered", "read")),
    "answered": (N_("Answered"), ()),
    "failed": (N_("Failed"), ("failed",)),
    "not_sent": (N_("Not sent"), ("canceled",)),
    "unknown": (N_("Perhaps sent"), ("unknown",)),
    "left_out": (N_("Left out"), ("excluded", "dropped", "stopped")),
}
TONES = {"sent": "ok", "delivered": "ok", "read": "ok", "failed": "danger", "unknown": "warn", "canceled": ""}
COLUMNS = (
    *("contact_id", "name", "address", "channel", "sender", "step", "variant", "state", "reason"),
    *("due_at", "sent_at", "answered_at", "probably_answered_at", "conversation_id"),
)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/report?which=&after=."""
    person = opened.marketer(request)
    which = request.query.get("which", "")
    which = which if which in GROUPS else ""
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        progress = await figures.progress(tx, campaign.id)
        found = await recipients.listed(
            tx,
            campaign.id,
            states=GROUPS[which][1],
            answered=which == "answered",
            after=number_of(request, "after") or 0,
            most=PAGE + 1,
        )
        links = await tracking.followed(tx, campaign)
        seen = await tracking.opened(tx, campaign) if campaign.track_opens else None
        page = ReportPage(
            **await opened.frame(tx, request, campaign, "report"),
            funnel=_funnel(campaign, progress, seen, max((one.people for one in links), default=0)),
            hours=charts.columns(await figures.by_hour(tx, campaign.id, person.time_zone)),
            zone=person.time_zone,
            heat=charts.heat(await heat.of(tx, campaign)),
            comparison=compared.view(await comparing.beside(tx, campaign)),
            failures=_failures(await figures.failures(tx, campaign, progress)),
            not_sent=_failures(await figures.not_sent(tx, campaign, progress)),
            left_out=charts.lines(worded(Counter(progress.excluded) + Counter(progress.stopped))),
            links=links,
            opened=seen,
            answered=progress.answered,
            probable=progress.probable,
            arms=_arms(await figures.arms(tx, campaign)) if campaign.started_at else [],
            days=BOUGHT_DAYS,
            counted_at=await counts.counted_at(tx, campaign),
            many_wrong=progress.many_wrong,
            people=await _people(tx, campaign, found[:PAGE]),
            states=[(key, _(name)) for key, (name, _states) in GROUPS.items()],
            which=which,
            more=_more(campaign, which, found),
            turned=await _turned(tx, request),
        )
    return await shell.page(request, "campaigns/report.html", page, current="campaigns")


async def export(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/report.csv: every person, in cells no spreadsheet reckons with (promise 63)."""
    person = opened.marketer(request)
    must(person, "run_campaigns")
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="campaign-{campaign.id}.csv"',
        }
    )
    await answer.prepare(request)
    await answer.write(b"\xef\xbb\xbf" + _lines([COLUMNS]))
    after = 0
    while True:
        async with hub_of(request).transaction() as tx:
            found = await recipients.listed(tx, campaign.id, after=after, most=1000)
        if not found:
            break
        after = found[-1].id
        await answer.write(_lines([_cells(one) for one in found]))
    await answer.write_eof()
    return answer


def _lines(rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer(text).writerows([inert(shown(cell)) for cell in cells] for cells in rows)
    return text.getvalue().encode()


def _cells(one: Recipient) -> tuple[object, ...]:
    return (
        *(one.contact_id, one.contact_name, one.address, one.channel_name, one.sender_name, one.step),
        *(one.variant, one.state, one.reason, one.due_at, one.sent_at, one.answered_at, one.probable_at),
        one.conversation_id,
    )


def _funnel(campaign: Campaign, progress: Progress, seen: int | None, clicked: int) -> list[BarRow]:
    there = progress.deliveries.get
    rows = [
        (_("Planned"), progress.everybody),
        (_("Sent"), progress.out),
        (_("Arrived"), there("delivered", 0) + there("read", 0)),
        *([(_("Opened, about"), seen)] if seen is not None else []),
        *([(_("Followed a link"), clicked)] if campaign.track_links else []),
        (_("Answered"), progress.answered),
        (_("Probably answered"), progress.probable),
    ]
    return charts.lines(rows, of=progress.everybody)


def _failures(found: Sequence[Failure]) -> list[BarRow]:
    summed: dict[str, int] = {}
    for one in found:
        told = wording.words(one.code, one.reason) or reasons.words(one.code) or wording.state_name(one.state)
        summed[told] = summed.get(told, 0) + one.number
    return charts.lines(sorted(summed.items(), key=lambda item: -item[1]))


def _arms(found: list[Arm]) -> list[ArmView]:
    """Each against those who got nothing; without such against wording A."""
    if len(found) < 2:
        return []
    others = next((one for one in found if not one.variant), found[0])
    answers = next((one for one in found if one.variant == "a"), found[0])
    return [
        ArmView(
            name=_("Wording %(name)s", name=one.variant.upper()) if one.variant else _("Left out on purpose"),
            people=one.people,
            answered=charts.share(one.answered),
            bought=charts.share(one.bought),
            money=" + ".join(
                format_currency(amount, currency, locale=language())
                for currency, amount in sorted(one.money.items())
            ),
            answers=""
            if one in (answers, others) or not one.variant
            else _uplift(one.answered, answers.answered),
            purchases="" if one is others else _uplift(one.bought, others.bought),
        )
        for one in found
    ]


def _uplift(treated: experiments.Share, others: experiments.Share) -> str:
    return experiments.uplift(treated, others).words


async def _people(tx: Tx, campaign: Campaign, found: list[Recipient]) -> list[PersonView]:
    paused = [one.contact_id for one in found if one.state == "stopped" and one.reason == "paused"]
    pauses = await follow_ups.pauses(tx, campaign.id, paused) if paused else {}
    return [_person(one, pauses.get(one.contact_id) if one.reason == "paused" else None) for one in found]


async def _turned(tx: Tx, request: web.Request) -> tuple[int, str, bool] | None:
    """For whom it was just paused, or goes on, so that it can be taken back."""
    for name in ("paused", "going_on"):
        if (id_ := number_of(request, name)) is not None:
            return id_, (await contacts.load(tx, id_)).contact.name or _("No name"), name == "paused"
    return None


def _person(one: Recipient, pause: Pause | None) -> PersonView:
    return PersonView(
        one=one,
        state=_(recipients.STATES.get(one.state, one.state)),
        tone=TONES.get(one.state, ""),
        why=reasons.evidence(one.reason) if one.reason and TONES.get(one.state) != "ok" else "",
        step=undelivered.step_for(one),
        pause=pause,
    )


def _more(campaign: Campaign, which: str, found: list[Recipient]) -> str:
    if len(found) <= PAGE:
        return ""
    query = {"which": which, "after": str(found[PAGE - 1].id)}
    return f"/campaigns/{campaign.id}/report?" + urlencode({key: one for key, one in query.items() if one})
