"""What all pages of one campaign share: the campaign, its checklist, and the answer to a form that saves itself."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.agents.roles import Person, must
from hub.campaigns import campaigns
from hub.campaigns.campaigns import Campaign
from hub.campaigns.states import EDITABLE
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import N_, _
from hub.web import render, shell
from hub.web.campaigns import words
from hub.web.campaigns.checklist import checks
from hub.web.campaigns.views import StepPage
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
    }


async def saved(request: web.Request, here: str, query: str = "") -> web.StreamResponse:
    """After a form was stored: the checklist alone for a form that saves itself, else back to the page."""
    person = person_of(request)
    if not saves_itself(request):
        raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/{here}?done=saved{query}")
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        view = StepPage(**await frame(tx, request, campaign, here))
    return shell.html(render.partial("campaigns/_checks.html", view, person.language, person.time_zone))


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
