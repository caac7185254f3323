"""The worst letters of a draft over the API, before anything is prepared."""

from __future__ import annotations

import msgspec

from hub.agents.roles import must
from hub.campaigns import steps, worst_cases
from hub.campaigns.worst_cases import Case
from hub.web.api.campaigns import StepNumber
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape


class WorstShape(Shape, frozen=True, kw_only=True):
    """One letter as it would be read now. `flags`: what to look at, worst first; `missing`: empty variables.

    `said`: what is read on their channel, an approved text with its blanks filled; the others are the wordings.
    """

    contact: Ref
    address: str
    flags: list[str]
    subject: str
    text: str
    html: str
    short: str
    said: str
    missing: list[str]
    trouble: str


class WorstQuery(msgspec.Struct, frozen=True, kw_only=True):
    """GET /campaigns/{id}/worst: of which step and variant."""

    step: StepNumber = 1
    variant: str = "a"


async def list_worst(call: Call) -> Page[WorstShape]:
    """A dozen of the worst, of some hundred people of the audience as it is now."""
    must(call.person, "run_campaigns")
    asked: WorstQuery = call.query
    async with call.transaction() as tx:
        texts = await steps.said(tx, call.id, asked.step, asked.variant)
    return Page([_shape(one) for one in await worst_cases.worst_cases(call.hub, call.id, texts)], None)


def _shape(one: Case) -> WorstShape:
    said = one.content
    return WorstShape(
        contact=Ref(one.contact_id, one.contact_name),
        address=one.address,
        flags=one.flags,
        subject=said.subject if said else "",
        text=said.text if said else "",
        html=said.html if said else "",
        short=said.short if said else "",
        said=one.said,
        missing=list(said.missing) if said else [],
        trouble=one.trouble,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/{id}/worst",
        summary="The worst letters of a draft",
        handler=list_worst,
        query=WorstQuery,
        answer=Page[WorstShape],
    )
]
