"""How purchases are paid: by which method, until when, and when it really was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hub.customers.money import checked_amount, checked_day
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment, in the currency of its purchase. `late`: days after `due_on`, counted until today while unpaid."""

    id: int
    purchase_id: int
    method: str
    amount: Decimal
    currency: str
    due_on: date | None
    paid_on: date | None
    late: int
    external_id: str | None


SELECTED = """
    SELECT y.id, y.purchase_id, y.method, y.amount, p.currency, y.due_on, y.paid_on,
           coalesce(greatest(coalesce(y.paid_on, current_date) - y.due_on, 0), 0) AS late, y.external_id
    FROM payment y JOIN purchase p ON p.id = y.purchase_id
"""


async def load(tx: Tx, payment_id: int) -> Payment:
    """One payment. Raises NotFound."""
    found = await tx.row(Payment, f"{SELECTED} WHERE y.id = $1", payment_id)
    if found is None:
        raise NotFound(_("There is no such payment."))
    return found


async def listed(
    tx: Tx,
    *,
    purchase_id: int | None = None,
    overdue: bool = False,
    external_id: str = "",
    after: int = 0,
    most: int = 50,
) -> list[Payment]:
    """Payments by id after `after`: of one purchase, or those due before today and not paid."""
    return await tx.rows(
        Payment,
        f"""
        {SELECTED}
        WHERE y.id > $1 AND ($2::bigint IS NULL OR y.purchase_id = $2)
          AND (NOT $3 OR (y.paid_on IS NULL AND y.due_on < current_date)) AND ($4 = '' OR y.external_id = $4)
        ORDER BY y.id LIMIT $5
        """,
        after,
        purchase_id,
        overdue,
        external_id,
        most,
    )


async def of_purchases(tx: Tx, purchase_ids: Sequence[int]) -> dict[int, list[Payment]]:
    """The payments of each purchase that has some, the first due at the top."""
    found: dict[int, list[Payment]] = {}
    for one in await tx.rows(
        Payment,
        f"{SELECTED} WHERE y.purchase_id = ANY($1::bigint[]) ORDER BY y.due_on NULLS LAST, y.id",
        list(purchase_ids),
    ):
        found.setdefault(one.purchase_id, []).append(one)
    return found


async def create(
    tx: Tx,
    *,
    purchase_id: int,
    amount: Decimal,
    method: str = "",
    due_on: date | None = None,
    paid_on: date | None = None,
    external_id: str | None = None,
    agent_id: int | None = None,
) -> Payment:
    """A new payment. Raises BadInput naming the field, Conflict."""
    id_: int | None = await tx.value(
        """
        INSERT INTO payment (purchase_id, method, amount, due_on, paid_on, external_id) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (external_id) DO NOTHING RETURNING id
        """,
        purchase_id,
        method.strip()[:50],
        checked_amount(amount),
        checked_day(due_on, "due_on"),
        checked_day(paid_on, "paid_on"),
        external_id or None,
    )
    if id_ is None:
        raise Conflict(_("Another payment has the external id %(id)s.", id=external_id), field="external_id")
    await _record(tx, "payment_created", id_, agent_id)
    return await load(tx, id_)


async def change(tx: Tx, payment_id: int, *, agent_id: int | None = None, **fields: Any) -> Payment:
    """Change method, amount, due_on or paid_on (None: not paid after all). Raises NotFound, BadInput."""
    await tx.execute("SELECT id FROM payment WHERE id = $1 FOR NO KEY UPDATE", payment_id)
    now = msgspec.structs.replace(await load(tx, payment_id), **fields)
    await tx.execute(
        "UPDATE payment SET method = $2, amount = $3, due_on = $4, paid_on = $5 WHERE id = $1",
        payment_id,
        now.method.strip()[:50],
        checked_amount(now.amount),
        checked_day(now.due_on, "due_on"),
        checked_day(now.paid_on, "paid_on"),
    )
    await _record(tx, "payment_changed", payment_id, agent_id, fields=sorted(fields))
    return await load(tx, payment_id)


async def _record(tx: Tx, verb: str, payment_id: int, agent_id: int | None, **details: Any) -> None:
    whose = await tx.record(
        """
        SELECT c.root_id, p.account_id FROM payment y JOIN purchase p ON p.id = y.purchase_id
        LEFT JOIN contact c ON c.id = p.contact_id WHERE y.id = $1
        """,
        payment_id,
    )
    assert whose is not None
    await history.record(
        tx,
        verb,
        agent_id=agent_id,
        contact_id=whose["root_id"],
        account_id=whose["account_id"],
        payment=payment_id,
        **details,
    )
