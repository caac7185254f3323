"""Deliveries over the API: what became of each hand-over, and once more."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.conversations import fallback, hand_overs
from hub.conversations.hand_overs import HandOver
from hub.conversations.outcomes import tell
from hub.deliveries.resending import resend
from hub.deliveries.wording import words
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape

State = Literal[
    "held", "queued", "claimed", "sending", "sent", "delivered", "read", "failed", "unknown", "canceled"
]


class DeliveriesQuery(Paging, frozen=True, kw_only=True):
    """GET /deliveries: of one `state`, `conversation` or `channel` (ids)."""

    state: State | None = None
    conversation: int | None = None
    channel: int | None = None


class HandOverShape(Shape, frozen=True, kw_only=True):
    """One hand-over of one message to one addressee; `reason` is for people."""

    id: int
    state: str
    recipient: str
    message: int
    conversation: int
    channel: Ref
    code: str
    reason: str
    tries: int
    fallback_of: int | None
    due_at: datetime
    at: datetime | None


class Otherwise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /deliveries/{id}/otherwise: a channel and an address on it, by id, as `…/ways` offers them."""

    channel: int
    address: int


async def list_deliveries(call: Call) -> Page[HandOverShape]:
    """Newest first."""
    asked: DeliveriesQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await hand_overs.listed(
            tx,
            call.person.id,
            state=asked.state,
            conversation_id=asked.conversation,
            channel_id=asked.channel,
            before=number_cursor(asked) or None,
            most=most + 1,
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_delivery(call: Call) -> HandOverShape:
    """One delivery. Raises NotFound."""
    async with call.transaction() as tx:
        return _shape(await hand_overs.one(tx, call.person.id, call.id))


async def resend_delivery(call: Call) -> HandOverShape:
    """What failed or was perhaps sent goes once more. Raises Conflict for anything else."""
    async with call.transaction() as tx:
        await hand_overs.one(tx, call.person.id, call.id)
        await tell(tx, [await resend(tx, call.id)], agent_id=call.person.id)
        return _shape(await hand_overs.one(tx, call.person.id, call.id))


async def stop_delivery(call: Call) -> HandOverShape:
    """What is held to go on by another channel stays. Raises NotFound, and Conflict when it has left."""
    async with call.transaction() as tx:
        await hand_overs.one(tx, call.person.id, call.id)
        await fallback.stop(tx, call.id, call.person.id)
        return _shape(await hand_overs.one(tx, call.person.id, call.id))


async def send_otherwise(call: Call) -> HandOverShape:
    """What failed leaves by another way at once; that one. Raises NotFound, BadInput, Conflict."""
    wanted: Otherwise = call.body
    async with call.transaction() as tx:
        failed = await hand_overs.one(tx, call.person.id, call.id)
        made = await fallback.send_otherwise(
            tx, failed.message_id, call.id, wanted.channel, wanted.address, call.person.id
        )
        return _shape(await hand_overs.one(tx, call.person.id, made.id))


def _shape(one: HandOver) -> HandOverShape:
    return HandOverShape(
        id=one.id,
        state=one.state,
        recipient=one.recipient,
        message=one.message_id,
        conversation=one.conversation_id,
        channel=Ref(one.channel_id, one.channel_name),
        code=one.code,
        reason=words(one.code, one.reason),
        tries=one.tries,
        fallback_of=one.fallback_of,
        due_at=one.due_at,
        at=one.at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/deliveries",
        summary="What became of each hand-over",
        handler=list_deliveries,
        query=DeliveriesQuery,
        answer=Page[HandOverShape],
    ),
    Endpoint(
        method="GET",
        path="/deliveries/{id}",
        summary="One hand-over",
        handler=read_delivery,
        answer=HandOverShape,
    ),
    Endpoint(
        method="POST",
        path="/deliveries/{id}/resend",
        summary="Send it once more",
        handler=resend_delivery,
        answer=HandOverShape,
    ),
    Endpoint(
        method="POST",
        path="/deliveries/{id}/stop",
        summary="Keep it from going on by another channel",
        handler=stop_delivery,
        answer=HandOverShape,
    ),
    Endpoint(
        method="POST",
        path="/deliveries/{id}/otherwise",
        summary="Send what failed by another way",
        handler=send_otherwise,
        body=Otherwise,
        answer=HandOverShape,
        status=201,
    ),
]
