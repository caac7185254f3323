"""The people of a campaign over the API."""

from __future__ import annotations

from datetime import datetime

from hub.agents.roles import must
from hub.campaigns import campaigns, recipients
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape, ref


class RecipientShape(Shape, frozen=True, kw_only=True):
    """One person of one step. `state`: the delivery's once there is one, else the plan's."""

    id: int
    step: int
    contact: Ref
    address: str
    channel: Ref | None
    sender: Ref | None
    variant: str
    state: str
    reason: str
    flags: list[str]
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    probably_answered_at: datetime | None
    conversation_id: int | None
    delivery_id: int | None


class RecipientsQuery(Paging, frozen=True, kw_only=True):
    """GET /campaigns/{id}/recipients: `state` narrows it; `answered`: only who answered."""

    state: str = ""
    answered: bool = False


async def list_recipients(call: Call) -> Page[RecipientShape]:
    """The people of all steps, by id."""
    must(call.person, "run_campaigns")
    asked: RecipientsQuery = call.query
    if asked.state and asked.state not in recipients.STATES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(recipients.STATES)), field="state")
    most = limit_of(asked)
    async with call.transaction() as tx:
        await campaigns.load(tx, call.id)
        found = await recipients.listed(
            tx,
            call.id,
            states=[asked.state] if asked.state else [],
            answered=asked.answered,
            after=number_cursor(asked),
            most=most + 1,
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_recipient(one) for one in found[:most]], more)


def _recipient(one: recipients.Recipient) -> RecipientShape:
    return RecipientShape(
        id=one.id,
        step=one.step,
        contact=Ref(one.contact_id, one.contact_name),
        address=one.address,
        channel=ref(one.channel_id, one.channel_name),
        sender=ref(one.sender_id, one.sender_name),
        variant=one.variant,
        state=one.state,
        reason=one.reason,
        flags=one.flags,
        due_at=one.due_at,
        sent_at=one.sent_at,
        answered_at=one.answered_at,
        probably_answered_at=one.probable_at,
        conversation_id=one.conversation_id,
        delivery_id=one.delivery_id,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/{id}/recipients",
        summary="Its people",
        handler=list_recipients,
        query=RecipientsQuery,
        answer=Page[RecipientShape],
    ),
]
