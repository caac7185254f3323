"""What a customer bought: one row a purchase, whose state follows what became of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.customers.money import checked_amount, checked_currency, checked_moment, checked_quantity
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import N_, _

STATES = {
    "bought": N_("Bought"),
    "renewed": N_("Renewed"),
    "changed": N_("Changed"),
    "returned": N_("Returned"),
    "cancelled": N_("Cancelled"),
}
COUNTED = ("bought", "renewed", "changed")
"""The states that count as bought; the others were taken back."""


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase: by a person (the root of merged ones), for an account, or both. `amount`: the whole row's."""

    id: int
    contact_id: int | None
    contact_name: str | None
    account_id: int | None
    account_name: str | None
    product_id: int
    product_name: str
    state: str
    quantity: Decimal
    amount: Decimal
    currency: str
    bought_at: datetime
    external_id: str | None


SELECTED = """
    SELECT p.id, r.id AS contact_id, r.name AS contact_name, p.account_id, a.name AS account_name, p.product_id,
           g.name AS product_name, p.state, p.quantity, p.amount, p.currency, p.bought_at, p.external_id
    FROM purchase p
    JOIN product g ON g.id = p.product_id
    LEFT JOIN contact c ON c.id = p.contact_id
    LEFT JOIN contact r ON r.id = c.root_id
    LEFT JOIN account a ON a.id = p.account_id
"""


async def load(tx: Tx, purchase_id: int) -> Purchase:
    """One purchase. Raises NotFound."""
    found = await tx.row(Purchase, f"{SELECTED} WHERE p.id = $1", purchase_id)
    if found is None:
        raise NotFound(_("There is no such purchase."))
    return found


async def listed(
    tx: Tx,
    *,
    contact_id: int | None = None,
    account_id: int | None = None,
    product_id: int | None = None,
    state: str = "",
    external_id: str = "",
    after: int = 0,
    most: int = 50,
) -> list[Purchase]:
    """Purchases by id after `after`: of one person (with those merged into them), account, product, state."""
    return await tx.rows(
        Purchase,
        f"""
        {SELECTED}
        WHERE p.id > $1
          AND ($2::bigint IS NULL OR p.contact_id IN (
              SELECT id FROM contact WHERE root_id = (SELECT root_id FROM contact WHERE id = $2)))
          AND ($3::bigint IS NULL OR p.account_id = $3) AND ($4::bigint IS NULL OR p.product_id = $4)
          AND ($5 = '' OR p.state = $5) AND ($6 = '' OR p.external_id = $6)
        ORDER BY p.id LIMIT $7
        """,
        after,
        contact_id,
        account_id,
        product_id,
        state,
        external_id,
        most,
    )


async def latest(
    tx: Tx, *, contact_id: int | None = None, account_id: int | None = None, most: int = 20
) -> list[Purchase]:
    """The newest purchases of one person (with those merged into them) or of one account, newest first."""
    return await tx.rows(
        Purchase,
        f"""
        {SELECTED}
        WHERE p.contact_id IN (SELECT id FROM contact WHERE root_id = (SELECT root_id FROM contact WHERE id = $1))
           OR p.account_id = $2
        ORDER BY p.bought_at DESC, p.id DESC LIMIT $3
        """,
        contact_id,
        account_id,
        most,
    )


async def create(
    tx: Tx,
    *,
    product_id: int,
    amount: Decimal,
    bought_at: datetime,
    contact_id: int | None = None,
    account_id: int | None = None,
    state: str = "bought",
    quantity: Decimal = Decimal(1),
    currency: str = "EUR",
    external_id: str | None = None,
    agent_id: int | None = None,
) -> Purchase:
    """A new purchase; without an account it counts for the person's confirmed one. Raises BadInput, Conflict."""
    _check(contact_id, account_id, state)
    id_: int | None = await tx.value(
        """
        INSERT INTO purchase (contact_id, account_id, product_id, state, quantity, amount, currency, bought_at,
                              external_id)
        SELECT $1, coalesce($2, (SELECT r.account_id FROM contact c JOIN contact r ON r.id = c.root_id
                                 WHERE c.id = $1 AND r.account_standing = 'confirmed')), $3, $4, $5, $6, $7, $8, $9
        ON CONFLICT (external_id) DO NOTHING RETURNING id
        """,
        contact_id,
        account_id,
        product_id,
        state,
        checked_quantity(quantity),
        checked_amount(amount),
        checked_currency(currency),
        checked_moment(bought_at, "bought_at"),
        external_id or None,
    )
    if id_ is None:
        raise Conflict(_("Another purchase has the external id %(id)s.", id=external_id), field="external_id")
    made = await load(tx, id_)
    await _record(tx, "purchase_created", made, agent_id)
    return made


async def change(tx: Tx, purchase_id: int, *, agent_id: int | None = None, **fields: Any) -> Purchase:
    """Change contact_id, account_id, product_id, state, quantity, amount, currency or bought_at.

    Raises NotFound, BadInput.
    """
    leaf: int | None = await tx.value(
        "SELECT contact_id FROM purchase WHERE id = $1 FOR NO KEY UPDATE", purchase_id
    )
    now = msgspec.structs.replace(await load(tx, purchase_id), **fields)
    _check(now.contact_id, now.account_id, now.state)
    await tx.execute(
        """
        UPDATE purchase SET contact_id = $2, account_id = $3, product_id = $4, state = $5, quantity = $6,
               amount = $7, currency = $8, bought_at = $9
        WHERE id = $1
        """,
        purchase_id,
        now.contact_id if "contact_id" in fields else leaf,
        now.account_id,
        now.product_id,
        now.state,
        checked_quantity(now.quantity),
        checked_amount(now.amount),
        checked_currency(now.currency),
        checked_moment(now.bought_at, "bought_at"),
    )
    changed = await load(tx, purchase_id)
    await _record(tx, "purchase_changed", changed, agent_id, fields=sorted(fields))
    return changed


async def _record(tx: Tx, verb: str, one: Purchase, agent_id: int | None, **details: Any) -> None:
    await history.record(
        tx,
        verb,
        agent_id=agent_id,
        contact_id=one.contact_id,
        account_id=one.account_id,
        purchase=one.id,
        **details,
    )


def _check(contact_id: int | None, account_id: int | None, state: str) -> None:
    if contact_id is None and account_id is None:
        raise BadInput(_("Say who bought: a contact or an account."), field="contact")
    if state not in STATES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(STATES)), field="state")
