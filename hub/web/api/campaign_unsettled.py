"""What campaigns perhaps sent, with the evidence, and sent again by a person; and what holds for all campaigns."""

from __future__ import annotations

from hub.agents.roles import must
from hub.campaigns import campaigns, policy, unsettled
from hub.campaigns.policy import Policy
from hub.campaigns.unsettled import Unsettled
from hub.telling import tell
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
        await tell(tx, [changed])
    return ResentShape(delivery_id=changed.id, state=changed.state)


async def read_policy(call: Call) -> Policy:
    """The weekly cap, holidays, quiet hours, and what holds a campaign back."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return await policy.load(tx)


async def change_policy(call: Call) -> Policy:
    """Another one, from the next claim on."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return await policy.change(tx, call.body, agent_id=call.person.id)


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
    Endpoint(
        method="GET",
        path="/campaign_policy",
        summary="What holds for all campaigns",
        handler=read_policy,
        answer=Policy,
    ),
    Endpoint(
        method="PATCH",
        path="/campaign_policy",
        summary="Change what holds for all campaigns",
        handler=change_policy,
        body=Policy,
        answer=Policy,
    ),
]
