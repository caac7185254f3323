"""What campaigns did not deliver and a person may do something about, over the API."""

from __future__ import annotations

from hub.agents.roles import must
from hub.campaigns import undelivered
from hub.campaigns.undelivered import Undelivered
from hub.web.api.endpoints import Call, Endpoint
from hub.web.api.shapes import Shape


class UndeliveredShape(Shape, frozen=True, kw_only=True):
    """The last campaign to go wrong first."""

    items: list[Undelivered]


async def list_undelivered(call: Call) -> UndeliveredShape:
    """Perhaps sent, failed for now, refused for good: counted, a line each campaign."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return UndeliveredShape(items=await undelivered.waiting(tx))


async def settle(call: Call) -> UndeliveredShape:
    """Nothing more is to be done about what went wrong until now."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        await undelivered.settle(tx, call.id, call.person.id)
        return UndeliveredShape(items=await undelivered.waiting(tx))


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/campaigns/undelivered",
        summary="What campaigns did not deliver",
        handler=list_undelivered,
        answer=UndeliveredShape,
    ),
    Endpoint(
        method="POST",
        path="/campaigns/{id}/settled",
        summary="Nothing more is to be done about what went wrong",
        handler=settle,
        answer=UndeliveredShape,
    ),
]
