"""Purchases over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.customers import accounts, contacts, products, purchases
from hub.customers.purchases import Purchase
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import Ref, Shape, ref


class PurchaseShape(Shape, frozen=True, kw_only=True):
    """One purchase. `state`: bought, renewed, changed, returned, cancelled. `amount` is the whole row's."""

    id: int
    contact: Ref | None
    account: Ref | None
    product: Ref
    state: str
    quantity: Decimal
    amount: Decimal
    currency: str
    bought_at: datetime
    external_id: str | None


class PurchasesQuery(Paging, frozen=True, kw_only=True):
    """GET /purchases: of a contact, an account, a product (ids), in a state, with an external id."""

    contact: int | None = None
    account: int | None = None
    product: int | None = None
    state: str = ""
    external_id: str = ""


class NewPurchase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /purchases; `contact`, `account`, `product` are ids. Without `account` the contact's own is taken."""

    product: int
    amount: Decimal
    bought_at: datetime
    contact: int | None = None
    account: int | None = None
    state: str = "bought"
    quantity: Decimal = Decimal(1)
    currency: str = "EUR"
    external_id: str | None = None


class PurchaseChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /purchases/{id}."""

    product: int | msgspec.UnsetType = msgspec.UNSET
    amount: Decimal | msgspec.UnsetType = msgspec.UNSET
    bought_at: datetime | msgspec.UnsetType = msgspec.UNSET
    contact: int | msgspec.UnsetType | None = msgspec.UNSET
    account: int | msgspec.UnsetType | None = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET
    quantity: Decimal | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET


COLUMNS = {"product": "product_id", "contact": "contact_id", "account": "account_id"}


async def list_purchases(call: Call) -> Page[PurchaseShape]:
    """What was bought, by id."""
    asked: PurchasesQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await purchases.listed(
            tx,
            contact_id=asked.contact,
            account_id=asked.account,
            product_id=asked.product,
            state=asked.state,
            external_id=asked.external_id,
            after=number_cursor(asked),
            most=most + 1,
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_purchase(call: Call) -> PurchaseShape:
    """One purchase."""
    async with call.transaction() as tx:
        return _shape(await purchases.load(tx, call.id))


async def add_purchase(call: Call) -> PurchaseShape:
    """A new purchase."""
    wanted: NewPurchase = call.body
    fields = {COLUMNS.get(name, name): value for name, value in msgspec.structs.asdict(wanted).items()}
    async with call.transaction() as tx:
        await _all_known(tx, fields)
        return _shape(await purchases.create(tx, agent_id=call.person.id, **fields))


async def change_purchase(call: Call) -> PurchaseShape:
    """Only what is given changes."""
    fields = given(call.body, **COLUMNS)
    async with call.transaction() as tx:
        await _all_known(tx, fields)
        return _shape(await purchases.change(tx, call.id, agent_id=call.person.id, **fields))


async def _all_known(tx: Tx, fields: dict[str, Any]) -> None:
    """Raises BadInput naming the field whose id names nothing."""
    loads = {"product": products.load, "contact": contacts.load, "account": accounts.load}
    for field, load in loads.items():
        id_ = fields.get(COLUMNS[field])
        if id_ is not None:
            try:
                await load(tx, id_)
            except NotFound as error:
                raise BadInput(error.message, field=field) from error


def _shape(one: Purchase) -> PurchaseShape:
    return PurchaseShape(
        id=one.id,
        contact=ref(one.contact_id, one.contact_name),
        account=ref(one.account_id, one.account_name),
        product=Ref(one.product_id, one.product_name),
        state=one.state,
        quantity=one.quantity,
        amount=one.amount,
        currency=one.currency,
        bought_at=one.bought_at,
        external_id=one.external_id,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/purchases",
        summary="All purchases",
        handler=list_purchases,
        query=PurchasesQuery,
        answer=Page[PurchaseShape],
    ),
    Endpoint(
        method="GET",
        path="/purchases/{id}",
        summary="One purchase",
        handler=read_purchase,
        answer=PurchaseShape,
    ),
    Endpoint(
        method="POST",
        path="/purchases",
        summary="Add one purchase",
        handler=add_purchase,
        body=NewPurchase,
        answer=PurchaseShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/purchases/{id}",
        summary="Change one purchase",
        handler=change_purchase,
        body=PurchaseChange,
        answer=PurchaseShape,
    ),
]
