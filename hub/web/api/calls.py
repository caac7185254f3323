"""Calls over the API: what was spoken, and beginning a call that rings the caller's telephone first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from hub import calling
from hub.conversations import calls
from hub.conversations.calls import Call
from hub.plumbing.db import Tx
from hub.web.api.endpoints import Call as Asked
from hub.web.api.endpoints import Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import Ref, Shape, ref
from hub.web.inbox.asked import must_see

Number = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]


class CallShape(Shape, frozen=True, kw_only=True):
    """One telephone call. `state`: ringing, queued, recording, calling, talking, ended; `outcome` once it ended."""

    id: int
    conversation: int
    message: int
    channel: Ref
    direction: str
    number: str
    agent: Ref | None
    state: str
    outcome: str
    reason: str
    seconds: int | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


class CallQuery(Paging, frozen=True, kw_only=True):
    """Only those of one conversation."""

    conversation: Number | None = None


class CallBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call, from which conversation; without `number` whom an answer would reach."""

    conversation: Number
    number: Annotated[str, msgspec.Meta(max_length=100)] = ""
    channel: Number | None = None
    client_id: Annotated[str, msgspec.Meta(max_length=60)] = ""


async def list_calls(call: Asked) -> Page[CallShape]:
    """Newest first; only of conversations the caller may see."""
    asked: CallQuery = call.query
    limit = limit_of(asked)
    async with call.transaction() as tx:
        found = await calls.seen(
            tx,
            call.person.id,
            conversation_id=asked.conversation,
            before=number_cursor(asked) or None,
            most=limit + 1,
        )
        shapes = await _shapes(tx, found[:limit])
    return Page(shapes, str(found[limit - 1].id) if len(found) > limit else None)


async def one_call(call: Asked) -> CallShape:
    """Raises NotFound."""
    async with call.transaction() as tx:
        return (await _shapes(tx, [await calls.one_seen(tx, call.person.id, call.id)]))[0]


async def start_call(call: Asked) -> CallShape:
    """The caller's own telephone rings, then the customer's. The same `client_id`, or Idempotency-Key, rings once.

    Raises NotFound, BadInput, Conflict, Unavailable.
    """
    asked: CallBody = call.body
    key = call.request.headers.get("Idempotency-Key", "")
    async with call.hub.transaction() as tx:
        await must_see(tx, asked.conversation, call.person)
    client_id = asked.client_id or (f"key:{call.person.id}:{key}"[:100] if key else "")
    started = await calling.start(
        call.hub,
        asked.conversation,
        call.person.id,
        client_id=client_id,
        number=asked.number,
        channel_id=asked.channel,
    )
    async with call.hub.transaction() as tx:
        return (await _shapes(tx, [started]))[0]


async def _shapes(tx: Tx, found: Sequence[Call]) -> list[CallShape]:
    agents, channels = await calls.names(tx, found)
    return [_shape(one, agents, channels) for one in found]


def _shape(one: Call, agents: dict[int, str], channels: dict[int, str]) -> CallShape:
    return CallShape(
        id=one.id,
        conversation=one.conversation_id,
        message=one.message_id,
        channel=Ref(one.channel_id, channels[one.channel_id]),
        direction=one.direction,
        number="" if one.number.startswith("withheld:") else one.number,
        agent=ref(one.agent_id, agents.get(one.agent_id or 0)),
        state=one.state,
        outcome=one.outcome,
        reason=one.reason,
        seconds=one.seconds,
        started_at=one.started_at,
        answered_at=one.answered_at,
        ended_at=one.ended_at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/calls",
        summary="Telephone calls, newest first",
        handler=list_calls,
        query=CallQuery,
        answer=Page[CallShape],
    ),
    Endpoint(method="GET", path="/calls/{id}", summary="One call", handler=one_call, answer=CallShape),
    Endpoint(
        method="POST",
        path="/calls",
        summary="Call a conversation's customer: your telephone rings first",
        handler=start_call,
        body=CallBody,
        answer=CallShape,
        status=201,
        commits=True,
    ),
]
