"""Products over the API."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hub.customers import products
from hub.customers.products import Product
from hub.web.api.endpoints import Call, Endpoint, Page, Paging, limit_of, number_cursor
from hub.web.api.patching import given
from hub.web.api.shapes import Shape


class ProductShape(Shape, frozen=True, kw_only=True):
    """One thing that is sold; `price` in `currency`, null when it varies."""

    id: int
    name: str
    category: str
    price: Decimal | None
    currency: str
    active: bool
    external_id: str | None


class ProductsQuery(Paging, frozen=True, kw_only=True):
    """GET /products: whose name or category holds `q`."""

    q: str = ""


class NewProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /products; amounts are numbers or, exactly, strings such as "12.50"."""

    name: str
    category: str = ""
    price: Decimal | None = None
    currency: str = "EUR"
    active: bool = True
    external_id: str | None = None


class ProductChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /products/{id}."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET
    price: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


async def list_products(call: Call) -> Page[ProductShape]:
    """What is sold, by id."""
    asked: ProductsQuery = call.query
    most = limit_of(asked)
    async with call.transaction() as tx:
        found = await products.listed(tx, text=asked.q, after=number_cursor(asked), most=most + 1)
    more = str(found[most - 1].id) if len(found) > most else None
    return Page([_shape(one) for one in found[:most]], more)


async def read_product(call: Call) -> ProductShape:
    """One product."""
    async with call.transaction() as tx:
        return _shape(await products.load(tx, call.id))


async def add_product(call: Call) -> ProductShape:
    """A new product."""
    wanted: NewProduct = call.body
    async with call.transaction() as tx:
        made = await products.create(tx, agent_id=call.person.id, **msgspec.structs.asdict(wanted))
    return _shape(made)


async def change_product(call: Call) -> ProductShape:
    """Only what is given changes."""
    async with call.transaction() as tx:
        return _shape(await products.change(tx, call.id, agent_id=call.person.id, **given(call.body)))


def _shape(one: Product) -> ProductShape:
    return ProductShape(**msgspec.structs.asdict(one))


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/products",
        summary="All products",
        handler=list_products,
        query=ProductsQuery,
        answer=Page[ProductShape],
    ),
    Endpoint(
        method="GET", path="/products/{id}", summary="One product", handler=read_product, answer=ProductShape
    ),
    Endpoint(
        method="POST",
        path="/products",
        summary="Add one product",
        handler=add_product,
        body=NewProduct,
        answer=ProductShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/products/{id}",
        summary="Change one product",
        handler=change_product,
        body=ProductChange,
        answer=ProductShape,
    ),
]
