"""What the customer card says of money: what they bought, how often, and whether they pay in time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from hub.customers.purchases import COUNTED
from hub.plumbing.db import Tx


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in one currency."""

    amount: Decimal
    currency: str


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """All that was bought and kept. `rhythm`: days between two purchases, 0 when there are too few to say."""

    number: int
    last: str
    last_at: datetime
    totals: list[Sum]
    rhythm: int
    returned: int


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """How they pay: the usual method, what is overdue today, and how many days late they were on average."""

    number: int
    method: str
    overdue: list[Sum]
    days_late: int


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Both; None where there is nothing to tell."""

    bought: Bought | None
    paid: Paid | None


# Of the person, with everybody merged into them, and of the account they are confirmed at.
_THEIRS = """
    theirs AS (
        SELECT p.* FROM purchase p
        WHERE p.contact_id IN (SELECT id FROM contact WHERE root_id = $1)
        UNION
        SELECT p.* FROM purchase p JOIN contact r ON r.account_id = p.account_id
        WHERE r.id = $1 AND r.account_standing = 'confirmed'
    )
"""


async def of_contact(tx: Tx, contact_id: int) -> Money:
    """What a person and their confirmed account bought and paid."""
    root: int | None = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
    bought = await tx.row(
        Bought,
        f"""
        WITH {_THEIRS}, kept AS (SELECT * FROM theirs WHERE state = ANY($2)),
        newest AS (SELECT g.name, k.bought_at FROM kept k JOIN product g ON g.id = k.product_id
                   ORDER BY k.bought_at DESC, k.id DESC LIMIT 1),
        days AS (SELECT count(DISTINCT bought_at::date) AS n, max(bought_at::date) - min(bought_at::date) AS span
                 FROM kept)
        SELECT (SELECT count(*) FROM kept) AS number, newest.name AS last, newest.bought_at AS last_at,
               (SELECT jsonb_agg(jsonb_build_object('amount', amount::text, 'currency', currency)
                                 ORDER BY amount DESC)
                FROM (SELECT currency, sum(amount) AS amount FROM kept GROUP BY currency) s) AS totals,
               CASE WHEN days.n >= 3 THEN round(days.span::numeric / (days.n - 1))::int ELSE 0 END AS rhythm,
               (SELECT count(*) FROM theirs WHERE state = 'returned') AS returned
        FROM newest, days
        """,
        root,
        list(COUNTED),
    )
    paid = await tx.row(
        Paid,
        f"""
        WITH {_THEIRS}, owed AS (
            SELECT y.*, t.currency FROM payment y JOIN theirs t ON t.id = y.purchase_id WHERE t.state = ANY($2))
        SELECT count(*) AS number,
               coalesce(mode() WITHIN GROUP (ORDER BY method) FILTER (WHERE method <> ''), '') AS method,
               coalesce(round(avg(greatest(paid_on - due_on, 0)) FILTER (WHERE paid_on - due_on IS NOT NULL))::int, 0)
                   AS days_late,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('amount', amount::text, 'currency', currency)
                                          ORDER BY amount DESC), '[]')
                FROM (SELECT currency, sum(amount) AS amount FROM owed
                      WHERE paid_on IS NULL AND due_on < current_date GROUP BY currency) s) AS overdue
        FROM owed HAVING count(*) > 0
        """,
        root,
        list(COUNTED),
    )
    return Money(bought=bought, paid=paid)
