"""/campaigns/{id}/test: one message to oneself or to an address one types, with a real person's data, never counted."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.campaigns import campaigns, steps, trying
from hub.plumbing.errors import BadInput, Conflict, NotFound, TooMany
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.campaigns import opened
from hub.web.campaigns.checklist import missing_message, variants_of
from hub.web.campaigns.people import first_people
from hub.web.campaigns.views import TestPage, WorstView
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of


class TestForm(msgspec.Struct):
    """POST /campaigns/{id}/test. `what` is a step and a variant, "2b"."""

    who: str = ""
    to: str = ""
    what: str = "1a"


async def show(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/test?step=&variant=&who=."""
    asked = request.query
    what = f"{asked.get('step', '1')}{asked.get('variant', 'a')}"
    form = TestForm(to=opened.marketer(request).email, who=asked.get("who", ""), what=what)
    return await page(request, form)


async def send(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/test: queued at once, marked, to whom it says."""
    person = opened.marketer(request)
    form = await form_of(request, TestForm)
    step, variant = chosen(form.what)
    try:
        await trying.send(
            hub_of(request),
            id_of(request),
            step=step,
            variant=variant,
            as_contact_id=opened.whole(form.who) or 0,
            to=form.to.strip(),
            agent_id=person.id,
        )
    except (BadInput, Conflict, NotFound, TooMany) as error:
        return await page(request, form, {getattr(error, "field", "") or "to": error.message})
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/test?done=sent")


async def page(
    request: web.Request,
    form: TestForm,
    errors: dict[str, str] | None = None,
    worst: WorstView | None = None,
) -> web.StreamResponse:
    """The whole page."""
    _people, found = await first_people(request, form.who)
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        planned = await steps.listed(tx, campaign.id)
        shown = TestPage(
            **await opened.frame(tx, request, campaign, "test") | {"errors": errors or {}},
            messages=[
                (f"{one.step}{variant}", _message(one.step, variant, len(variants_of(campaign))))
                for one in planned
                for variant in variants_of(campaign)
            ],
            people=found,
            form_what=form.what,
            form_who=form.who,
            to=form.to,
            missing=missing_message(campaign, planned),
            worst=worst,
        )
    status = 422 if errors else 200
    return await shell.page(request, "campaigns/test.html", shown, current="campaigns", status=status)


def chosen(what: str) -> tuple[int, str]:
    """The step and the variant of the message "2b"."""
    return opened.whole(what[:-1]) or 1, what[-1:] or "a"


def _message(step: int, variant: str, variants: int) -> str:
    name = _("Message %(n)s", n=step) if step > 1 else _("First message")
    return f"{name}, {_('Wording %(name)s', name=variant.upper())}" if variants > 1 else name
