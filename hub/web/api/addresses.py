"""Addresses and claims over the API."""

from __future__ import annotations

import msgspec

from hub.customers import address_book
from hub.customers.address_book import Entry
from hub.customers.addresses import Claim
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.shapes import AddressShape, Ref, Shape


class AddressesQuery(Paging, frozen=True, kw_only=True):
    """GET /addresses: the one of this `type` and `value`, as a person types it; without them all."""

    type: str = ""
    value: str = ""


class ClaimsQuery(Paging, frozen=True, kw_only=True):
    """GET /claims: of one `contact`."""

    contact: int | None = None


class AddressChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /addresses/{id}: `shared` by several people; `usable` as a person knows."""

    shared: bool | None = None
    usable: bool | None = None


class EntryShape(AddressShape, frozen=True, kw_only=True):
    """A proven way to reach a person, and the person."""

    contact: Ref


class ClaimShape(Shape, frozen=True, kw_only=True):
    """What somebody typed of themselves; it suggests, never resolves. `contact` is an id."""

    id: int
    contact: int
    type: str
    value: str
    source: str


async def list_addresses(call: Call) -> Page[EntryShape]:
    """By id, or the one that is asked for."""
    asked: AddressesQuery = call.query
    most = limit_of(asked)
    if bool(asked.type) != bool(asked.value):
        raise BadInput(_("Give type and value together."), field="value" if asked.type else "type")
    async with call.transaction() as tx:
        if asked.type:
            one = await address_book.find(tx, asked.type, asked.value)
            return Page([_shape(one)] if one else [], None)
        found = await address_book.listed(tx, after=number_cursor(asked), most=most + 1)
    return Page([_shape(one) for one in found[:most]], str(found[most - 1].id) if len(found) > most else None)


async def read_address(call: Call) -> EntryShape:
    """One address. Raises NotFound."""
    async with call.transaction() as tx:
        return _shape(await address_book.load(tx, call.id))


async def change_address(call: Call) -> EntryShape:
    """Only what is given changes."""
    wanted: AddressChange = call.body
    async with call.transaction() as tx:
        return _shape(await address_book.change(tx, call.id, shared=wanted.shared, usable=wanted.usable))


async def list_claims(call: Call) -> Page[ClaimShape]:
    """By id."""
    asked: ClaimsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await address_book.claims(
            tx, contact_id=asked.contact, after=number_cursor(asked), most=most + 1
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_claim(one) for one in found[:most]], more)


async def confirm_claim(call: Call) -> EntryShape:
    """It becomes a proven address. Raises NotFound, Conflict."""
    async with call.transaction() as tx:
        return _shape(await address_book.confirm(tx, call.id))


def _shape(one: Entry) -> EntryShape:
    address = msgspec.convert(one, AddressShape, from_attributes=True)
    return EntryShape(**msgspec.structs.asdict(address), contact=Ref(one.contact_id, one.contact_name))


def _claim(one: Claim) -> ClaimShape:
    return ClaimShape(id=one.id, contact=one.contact_id, type=one.type, value=one.value, source=one.source)


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/addresses",
        summary="Proven addresses",
        handler=list_addresses,
        query=AddressesQuery,
        answer=Page[EntryShape],
    ),
    Endpoint(
        method="GET", path="/addresses/{id}", summary="One address", handler=read_address, answer=EntryShape
    ),
    Endpoint(
        method="PATCH",
        path="/addresses/{id}",
        summary="Mark it shared, or working",
        handler=change_address,
        body=AddressChange,
        answer=EntryShape,
    ),
    Endpoint(
        method="GET",
        path="/claims",
        summary="What people typed of themselves",
        handler=list_claims,
        query=ClaimsQuery,
        answer=Page[ClaimShape],
    ),
    Endpoint(
        method="POST",
        path="/claims/{id}/confirm",
        summary="A claim becomes a proven address",
        handler=confirm_claim,
        answer=EntryShape,
    ),
]
