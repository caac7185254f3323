"""What campaigns perhaps sent, with the evidence, and sent again by a person, over the API."""

from __future__ import annotations

from hub.agents.roles import must
from hub.campaigns import campaigns, unsettled
from hub.campaigns.unsettled import Unsettled
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Shape


class ResentShape(Shape, frozen=True, kw_only=True):
    """The delivery that leaves once more."""

    delivery_id: int
    state: str


async def list_unsettled(call: Call) -> Page[Unsettled]:
    """Perhaps sent: the server's words, when it began, by which worker and connection."""
    must(call.person, "run_campaigns")
    asked: Paging = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        await campaigns.load(tx, call.id)
        found = await unsettled.listed(tx, call.id, after=number_cursor(asked), most=most + 1)
    more = str(found[most - 1].recipient_id) if len(found) > most else None
    return Page(found[:most], more)


async def resend(call: Call) -> ResentShape:
    """A person decides that it did not arrive: the same message once more, with the same Message-ID."""
    must(call.person, "run_campaigns")
    campaign_id, recipient_id = call.ids
    async with call.transaction() as tx:
        changed = await unsettled.resend(tx, campaign_id, recipient_id, call.person.id)
    return ResentShape(delivery_id=changed.id, state=changed.state)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/{id}/unsettled",
        summary="What it perhaps sent",
        handler=list_unsettled,
        query=Paging,
        answer=Page[Unsettled],
    ),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/recipients/{recipient_id}/resend",
        summary="Send what was perhaps sent once more",
        handler=resend,
        answer=ResentShape,
    ),
]
