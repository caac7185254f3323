"""/campaigns/policy: what holds for all campaigns of the house."""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from hub.campaigns import policy
from hub.campaigns.policy import Policy
from hub.conversations.labels import PRIORITIES
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.campaigns import opened
from hub.web.campaigns.figures_views import PolicyForm, PolicyPage
from hub.web.forms import converted, form_of
from hub.web.requests import hub_of


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/policy."""
    opened.marketer(request)
    async with hub_of(request).transaction() as tx:
        known = await policy.load(tx)
    return await _page(request, _form(known), done=request.query.get("done") == "saved")


async def change(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/policy."""
    person = opened.marketer(request)
    form = await form_of(request, PolicyForm)
    try:
        async with hub_of(request).transaction() as tx:
            await policy.change(tx, _wanted(form), agent_id=person.id)
    except BadInput as error:
        return await _page(request, form, {error.field or "most_a_week": error.message})
    raise web.HTTPSeeOther("/campaigns/policy?done=saved")


def _wanted(form: PolicyForm) -> Policy:
    given = msgspec.to_builtins(form) | {
        "holidays": _listed(form.holidays),
        "complaint_tags": _listed(form.complaint_tags),
        "quiet_from": f"{form.quiet_from}:00",
        "quiet_until": f"{form.quiet_until}:00",
    }
    return converted(given, Policy)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"[,\n]", text) if one.strip()]


def _form(known: Policy) -> PolicyForm:
    return PolicyForm(
        most_a_week=str(known.most_a_week),
        hold_days=str(known.hold_days),
        failing_share=str(known.failing_share),
        holidays="\n".join(day.isoformat() for day in known.holidays),
        quiet_from=known.quiet_from.strftime("%H:%M"),
        quiet_until=known.quiet_until.strftime("%H:%M"),
        complaint_tags=", ".join(known.complaint_tags),
        complaint_priorities=list(known.complaint_priorities),
    )


async def _page(
    request: web.Request, form: PolicyForm, errors: dict[str, str] | None = None, *, done: bool = False
) -> web.StreamResponse:
    page = PolicyPage(
        form=form,
        priorities=[(key, _(name), key in form.complaint_priorities) for key, name in PRIORITIES.items()],
        errors=errors or {},
        done=_("Saved") if done else "",
    )
    status = 422 if errors else 200
    return await shell.page(request, "campaigns/policy.html", page, current="campaigns", status=status)
