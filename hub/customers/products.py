"""What the company sells, as its purchases name it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from hub.customers.money import checked_amount, checked_currency
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is sold; `price` for one of it, None: it varies. Not `active`: no longer sold."""

    id: int
    name: str
    category: str
    price: Decimal | None
    currency: str
    active: bool
    external_id: str | None


SELECTED = "SELECT id, name, category, price, currency, active, external_id FROM product"


async def load(tx: Tx, product_id: int) -> Product:
    """One product. Raises NotFound."""
    found = await tx.row(Product, f"{SELECTED} WHERE id = $1", product_id)
    if found is None:
        raise NotFound(_("There is no such product."))
    return found


async def listed(tx: Tx, *, text: str = "", after: int = 0, most: int = 50) -> list[Product]:
    """Products by id after `after`, whose name or category holds `text`."""
    return await tx.rows(
        Product,
        f"""
        {SELECTED}
        WHERE id > $1 AND ($2 = '' OR plain(name || ' ' || category) LIKE '%' || plain($2) || '%')
        ORDER BY id LIMIT $3
        """,
        after,
        text.replace("\\", "").replace("%", r"\%").replace("_", r"\_"),
        most,
    )


async def named(tx: Tx, name: str) -> Product:
    """The product with this external id or, letters and accents aside, this name. Raises BadInput(product)."""
    found = await tx.rows(Product, f"{SELECTED} WHERE external_id = $1", name)
    if not found:
        found = await tx.rows(Product, f"{SELECTED} WHERE plain(name) = plain($1) LIMIT 2", name)
    if len(found) != 1:
        words = (
            _("There is no product %(name)s.", name=name[:100])
            if not found
            else _("Several products match %(name)s.", name=name[:100])
        )
        raise BadInput(words, field="product")
    return found[0]


async def create(
    tx: Tx,
    *,
    name: str,
    category: str = "",
    price: Decimal | None = None,
    currency: str = "EUR",
    active: bool = True,
    external_id: str | None = None,
    agent_id: int | None = None,
) -> Product:
    """A new product. Raises BadInput naming the field, Conflict."""
    id_: int | None = await tx.value(
        """
        INSERT INTO product (name, category, price, currency, active, external_id) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (external_id) DO NOTHING RETURNING id
        """,
        _checked_name(name),
        category.strip()[:100],
        None if price is None else checked_amount(price, "price"),
        checked_currency(currency),
        active,
        external_id or None,
    )
    if id_ is None:
        raise Conflict(_("Another product has the external id %(id)s.", id=external_id), field="external_id")
    await history.record(tx, "product_created", agent_id=agent_id, product=id_)
    return await load(tx, id_)


async def change(tx: Tx, product_id: int, *, agent_id: int | None = None, **fields: Any) -> Product:
    """Change name, category, price, currency or active; other fields are not touched. Raises NotFound, BadInput."""
    await tx.execute("SELECT id FROM product WHERE id = $1 FOR NO KEY UPDATE", product_id)
    now = msgspec.structs.replace(await load(tx, product_id), **fields)
    await tx.execute(
        "UPDATE product SET name = $2, category = $3, price = $4, currency = $5, active = $6 WHERE id = $1",
        product_id,
        _checked_name(now.name),
        now.category.strip()[:100],
        None if now.price is None else checked_amount(now.price, "price"),
        checked_currency(now.currency),
        now.active,
    )
    await history.record(tx, "product_changed", agent_id=agent_id, product=product_id, fields=sorted(fields))
    return await load(tx, product_id)


def _checked_name(name: str) -> str:
    if not name.strip():
        raise BadInput(_("The product needs a name."), field="name")
    return name.strip()[:200]
