"""What all pages of one campaign share: the campaign, its checklist, and the answer to a form that saves itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from hub.agents.roles import Person, must
from hub.campaigns import campaigns
from hub.campaigns.campaigns import Campaign, Change
from hub.campaigns.drafting import Kept, Overtaken, Reading
from hub.campaigns.states import EDITABLE
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, HubError
from hub.plumbing.ids import token
from hub.plumbing.texts import N_, _
from hub.web import render, shell
from hub.web.campaigns import clashes, words
from hub.web.campaigns.checklist import checks
from hub.web.campaigns.views import DraftForm, StepPage
from hub.web.requests import hub_of, id_of, person_of

DONE = {
    "saved": N_("Saved"),
    "sent": N_("The test is on its way"),
    "added": N_("A follow-up was added"),
    "removed": N_("The last follow-up was removed"),
}


def marketer(request: web.Request) -> Person:
    """Whoever is signed in, if campaigns are their work. Raises SignInNeeded, Forbidden."""
    person = person_of(request)
    must(person, "run_campaigns")
    return person


async def frame(tx: Tx, request: web.Request, campaign: Campaign, here: str) -> dict[str, Any]:
    """The fields of StepPage."""
    done = request.query.get("done", "")
    return {
        "campaign": campaign,
        "state": words.state(campaign),
        "tone": words.TONES.get(campaign.state, ""),
        "checks": await checks(tx, campaign),
        "here": here,
        "editable": campaign.state in EDITABLE,
        "done": _(DONE[done]) if done in DONE else "",
        "version": campaign.version,
        "page": token(9),
    }


async def refusal(tx: Tx, error: HubError | None, form: str, field: str) -> dict[str, Any]:
    """The fields of StepPage that say what was wrong with a form; `field`: where it is told if nothing else says."""
    if isinstance(error, Overtaken):
        return {"clashed": form, "clashes": await clashes.drawn(tx, error)}
    return {"errors": {error.field or field: error.message}} if error else {}


def wished(campaign: Campaign, wanted: Change | None) -> Campaign:
    """The campaign as a form would have it, for the page that shows the form again."""
    if wanted is None:
        return campaign
    return msgspec.structs.replace(campaign, **wanted.given())


def status(error: HubError | None) -> int:
    """Of the page that is shown again."""
    return 409 if isinstance(error, Overtaken) else 422 if error else 200


def reading(form: DraftForm) -> Reading:
    """What a form had read."""
    return Reading(version=form.version, page=form.page[:40])


async def saved(request: web.Request, here: str, kept: Kept, query: str = "") -> web.StreamResponse:
    """After a form was stored: the checklist alone for a form that saves itself, else back to the page.

    In the headers: the version the form has read now, and what stands otherwise than it shows, in words.
    """
    person = person_of(request)
    if not saves_itself(request):
        raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/{here}?done=saved{query}")
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        view = StepPage(**await frame(tx, request, campaign, here))
    answer = shell.html(render.partial("campaigns/_checks.html", view, person.language, person.time_zone))
    answer.headers["X-Version"] = str(kept.version)
    answer.headers["X-Others"] = quote(clashes.others(kept))
    return answer


def refused(request: web.Request, error: BadInput | Conflict) -> None:
    """A form that saves itself is told in JSON what is wrong: raises the error again; else nothing."""
    if saves_itself(request):
        raise error


def saves_itself(request: web.Request) -> bool:
    """Whether a script sent the form, soon after the last key."""
    return request.headers.get("X-Fragment") == "saved"


def whole(text: str) -> int | None:
    """A positive whole number somebody chose, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None


def typed(text: str) -> int | None:
    """The same as people type it: 12.000 or 12,000."""
    return whole(text.replace(".", "").replace(",", "").strip())
