"""Over the API: the ways to reach the people of a conversation, and what people want to hear."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.conversations.ways import Way, ways
from hub.customers import consent, contacts
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.web.api.conversations import one
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape


class WayShape(Shape, frozen=True, kw_only=True):
    """A channel and an address on it (`to`); `words`: why this one, or why not. `until`: free text may go till then."""

    channel: Ref
    to: str
    address: int | None
    name: str
    usable: bool
    words: str
    until: datetime | None


class WishShape(Shape, frozen=True, kw_only=True):
    """A wish that counts now. `purpose`: service, marketing or opens; `channel`: null is everywhere."""

    address: int
    purpose: str
    granted: bool
    source: str
    proof: str
    channel: str | None
    at: datetime


class NewWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /contacts/{id}/consents: what somebody was told, and how they know; `address` is its id."""

    address: int
    purpose: str
    granted: bool
    reason: str


async def list_ways(call: Call) -> Page[WayShape]:
    """The best first, as the composer offers them. Raises NotFound."""
    async with call.transaction() as tx:
        matter = await one(tx, call)
        found = await ways(tx, call.id, matter.main_contact.id, at=now())
    return Page([_way(way) for way in found], None)


async def list_wishes(call: Call) -> Page[WishShape]:
    """Of each address of a person. Raises NotFound."""
    async with call.transaction() as tx:
        return Page(await _wishes(tx, call.id), None)


async def write_wish(call: Call) -> Page[WishShape]:
    """A wish somebody was told; all that counts then. Raises NotFound, BadInput."""
    wanted: NewWish = call.body
    async with call.transaction() as tx:
        await consent.write_down(
            tx,
            call.id,
            wanted.address,
            wanted.purpose,
            granted=wanted.granted,
            reason=wanted.reason,
            agent_id=call.person.id,
        )
        return Page(await _wishes(tx, call.id), None)


async def _wishes(tx: Tx, contact_id: int) -> list[WishShape]:
    found = await contacts.load(tx, contact_id)
    standing = await consent.standing(tx, found.contact.id)
    return [
        WishShape(
            address=wish.address_id,
            purpose=wish.purpose,
            granted=wish.granted,
            source=wish.source,
            proof=wish.proof,
            channel=wish.channel_name,
            at=wish.at,
        )
        for address in found.addresses
        for wish in standing.get(address.id, [])
    ]


def _way(way: Way) -> WayShape:
    return WayShape(
        channel=Ref(way.channel.id, way.channel.name),
        to=way.address,
        address=way.address_id,
        name=way.name,
        usable=not way.why_not,
        words=way.words(),
        until=way.window_until,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/conversations/{id}/ways",
        summary="The ways to reach its people, the best first",
        handler=list_ways,
        answer=Page[WayShape],
    ),
    Endpoint(
        method="GET",
        path="/contacts/{id}/consents",
        summary="What a person wants to hear",
        handler=list_wishes,
        answer=Page[WishShape],
    ),
    Endpoint(
        method="POST",
        path="/contacts/{id}/consents",
        summary="Write down what a person wants to hear",
        handler=write_wish,
        body=NewWish,
        answer=Page[WishShape],
        status=201,
    ),
]
