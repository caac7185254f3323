"""Payments over the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from hub.customers import payments, purchases
from hub.customers.payments import Payment
from hub.plumbing.errors import BadInput, NotFound
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import Shape


class PaymentShape(Shape, frozen=True, kw_only=True):
    """One payment of a purchase, in its currency. `late`: days after `due_on`, until today while unpaid."""

    id: int
    purchase: int
    method: str
    amount: Decimal
    currency: str
    due_on: date | None
    paid_on: date | None
    late: int
    external_id: str | None


class PaymentsQuery(Paging, frozen=True, kw_only=True):
    """GET /payments: of one purchase (id), `overdue=true`: due before today and unpaid; with an external id."""

    purchase: int | None = None
    overdue: bool = False
    external_id: str = ""


class NewPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /payments; days are written 2026-09-12."""

    purchase: int
    amount: Decimal
    method: str = ""
    due_on: date | None = None
    paid_on: date | None = None
    external_id: str | None = None


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /payments/{id}; `paid_on` null: not paid after all."""

    amount: Decimal | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    due_on: date | msgspec.UnsetType | None = msgspec.UNSET
    paid_on: date | msgspec.UnsetType | None = msgspec.UNSET


async def list_payments(call: Call) -> Page[PaymentShape]:
    """Payments, by id."""
    asked: PaymentsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await payments.listed(
            tx,
            purchase_id=asked.purchase,
            overdue=asked.overdue,
            external_id=asked.external_id,
            after=number_cursor(asked),
            most=most + 1,
        )
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_payment(call: Call) -> PaymentShape:
    """One payment."""
    async with call.transaction() as tx:
        return _shape(await payments.load(tx, call.id))


async def add_payment(call: Call) -> PaymentShape:
    """A new payment of a known purchase."""
    wanted: NewPayment = call.body
    async with call.transaction() as tx:
        try:
            await purchases.load(tx, wanted.purchase)
        except NotFound as error:
            raise BadInput(error.message, field="purchase") from error
        made = await payments.create(
            tx,
            purchase_id=wanted.purchase,
            amount=wanted.amount,
            method=wanted.method,
            due_on=wanted.due_on,
            paid_on=wanted.paid_on,
            external_id=wanted.external_id,
            agent_id=call.person.id,
        )
    return _shape(made)


async def change_payment(call: Call) -> PaymentShape:
    """Only what is given changes."""
    async with call.transaction() as tx:
        return _shape(await payments.change(tx, call.id, agent_id=call.person.id, **given(call.body)))


def _shape(one: Payment) -> PaymentShape:
    return PaymentShape(
        id=one.id,
        purchase=one.purchase_id,
        method=one.method,
        amount=one.amount,
        currency=one.currency,
        due_on=one.due_on,
        paid_on=one.paid_on,
        late=one.late,
        external_id=one.external_id,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/payments",
        summary="All payments",
        handler=list_payments,
        query=PaymentsQuery,
        answer=Page[PaymentShape],
    ),
    Endpoint(
        method="GET", path="/payments/{id}", summary="One payment", handler=read_payment, answer=PaymentShape
    ),
    Endpoint(
        method="POST",
        path="/payments",
        summary="Add one payment",
        handler=add_payment,
        body=NewPayment,
        answer=PaymentShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/payments/{id}",
        summary="Change one payment",
        handler=change_payment,
        body=PaymentChange,
        answer=PaymentShape,
    ),
]
