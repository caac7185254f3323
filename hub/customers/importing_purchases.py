"""Products, purchases and payments from CSV files; the same file again changes its rows instead of doubling them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.customers import payments, products, purchases
from hub.customers.addresses import normalised
from hub.customers.importing import Imported, account_named, bring_in, known_id, read
from hub.customers.importing_files import Row
from hub.customers.known import holder
from hub.customers.money import read_amount, read_day, read_moment, read_quantity
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

PRODUCT_COLUMNS = ("external_id", "name", "category", "price", "currency", "active")
PURCHASE_COLUMNS = (
    "external_id",
    "contact",
    "account",
    "product",
    "state",
    "quantity",
    "amount",
    "currency",
    "date",
)
PAYMENT_COLUMNS = ("external_id", "purchase", "method", "amount", "due", "paid")


async def import_products(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Products; without external_id one of the same name is changed."""
    return await bring_in(hub, read(path, PRODUCT_COLUMNS, ("name",)), _store_product, progress)


async def import_purchases(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Purchases of a contact (external_id, email or phone), an account (external_id or exact name), or both."""
    rows = read(path, PURCHASE_COLUMNS, ("external_id", "product", "amount", "date"))
    return await bring_in(hub, rows, _store_purchase, progress)


async def import_payments(
    hub: Hub, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> Imported:
    """Payments of purchases, which are named by their external_id."""
    rows = read(path, PAYMENT_COLUMNS, ("external_id", "purchase", "amount"))
    return await bring_in(hub, rows, _store_payment, progress)


async def _store_product(tx: Tx, row: Row) -> None:
    fields: dict[str, Any] = {"name": row["name"]}
    fields |= {name: row[name] for name in ("category", "currency") if row.get(name)}
    if row.get("price"):
        fields["price"] = read_amount(row["price"], "price")
    if row.get("active"):
        fields["active"] = _said_yes(row["active"])
    external = row.get("external_id", "")
    known = await known_id(tx, "SELECT id FROM product WHERE external_id = $1", external)
    if known is None and not external:
        known = await known_id(
            tx, "SELECT id FROM product WHERE plain(name) = plain($1) ORDER BY id LIMIT 1", row["name"]
        )
    if known is None:
        await products.create(tx, external_id=external or None, **fields)
    else:
        await products.change(tx, known, **fields)


async def _store_purchase(tx: Tx, row: Row) -> None:
    external = _own_id(row)
    fields: dict[str, Any] = {
        "product_id": (await products.named(tx, row["product"])).id,
        "amount": read_amount(row["amount"]),
        "bought_at": read_moment(row["date"], "date"),
    }
    fields |= {name: row[name] for name in ("state", "currency") if row.get(name)}
    if row.get("quantity"):
        fields["quantity"] = read_quantity(row["quantity"])
    if row.get("contact"):
        fields["contact_id"] = await _contact(tx, row["contact"])
    if row.get("account"):
        fields["account_id"] = await account_named(tx, row["account"])
    known = await known_id(tx, "SELECT id FROM purchase WHERE external_id = $1", external)
    if known is None:
        await purchases.create(tx, external_id=external, **fields)
    else:
        await purchases.change(tx, known, **fields)


async def _store_payment(tx: Tx, row: Row) -> None:
    external = _own_id(row)
    purchase = await known_id(tx, "SELECT id FROM purchase WHERE external_id = $1", row["purchase"])
    if purchase is None:
        raise BadInput(_("There is no purchase %(id)s.", id=row["purchase"][:100] or "—"), field="purchase")
    fields: dict[str, Any] = {"amount": read_amount(row["amount"])}
    if row.get("method"):
        fields["method"] = row["method"]
    for column, name in (("due", "due_on"), ("paid", "paid_on")):
        if column in row:  # an empty cell says: not paid, or no day set
            fields[name] = read_day(row[column], column)
    known = await known_id(tx, "SELECT id FROM payment WHERE external_id = $1", external)
    if known is None:
        await payments.create(tx, purchase_id=purchase, external_id=external, **fields)
    elif (await payments.load(tx, known)).purchase_id != purchase:
        raise BadInput(_("This payment belongs to another purchase."), field="purchase")
    else:
        await payments.change(tx, known, **fields)


def _own_id(row: Row) -> str:
    """Raises BadInput without: the same file again would double the row."""
    if not row["external_id"]:
        words = _("Give each row an external_id, or the same file again would double it.")
        raise BadInput(words, field="external_id")
    return row["external_id"]


async def _contact(tx: Tx, named: str) -> int:
    """Who is meant by an external id, a mail address or a telephone number. Raises BadInput(contact)."""
    found = await known_id(tx, "SELECT id FROM contact WHERE external_id = $1", named)
    type_ = "email" if "@" in named else "phone"
    if found is None and (type_ == "email" or named.startswith("+")):
        found = await holder(tx, type_, normalised(type_, named))
    if found is None:
        raise BadInput(_("There is no contact %(name)s.", name=named[:100]), field="contact")
    return found


def _said_yes(text: str) -> bool:
    """Raises BadInput for what is neither yes nor no."""
    plain = text.lower()
    if plain not in ("1", "0", "yes", "no", "sí", "si", "true", "false"):
        raise BadInput(_("Write yes or no."), field="active")
    return plain in ("1", "yes", "sí", "si", "true")
