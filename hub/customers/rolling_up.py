"""What audiences ask of a million people at once is rolled up: whom marketing reaches, and what was bought.

Whoever changes a wish, an address, a merge or a purchase leaves a mark in the same transaction (triggers of the schema,
which wait for nobody). The sweep here redoes what is marked; until it did, readers look at the rows themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.customers.purchases import COUNTED
from hub.plumbing.db import Tx

MOST = 1000

# How marketing stands with the people in `moved (id)`: roots, each with all that was merged into them. The best of
# their addresses counts; the newest word of an address, on whichever channel it was said. The road out asks again,
# by channel (deliveries/permission).
REACH_NOW = """
    SELECT w.id,
           (ARRAY['no_address', 'unusable', 'opted_out', 'no_consent', 'permitted'])[max(w.standing)] AS standing,
           coalesce(array_agg(DISTINCT w.type ORDER BY w.type) FILTER (WHERE w.standing = 5), '{}') AS reached_by,
           coalesce(array_agg(DISTINCT s.yes ORDER BY s.yes) FILTER (WHERE s.yes IS NOT NULL), '{}') AS agreed
    FROM (
        SELECT r.id, a.type, said.marketing, said.service,
               CASE WHEN a.id IS NULL THEN 1 WHEN NOT a.usable THEN 2
                    WHEN said.service = 0 OR said.marketing = 0 THEN 3
                    WHEN said.marketing = 1 AND a.compared THEN 5 ELSE 4 END AS standing
        FROM moved r JOIN contact c ON c.root_id = r.id LEFT JOIN address a ON a.contact_id = c.id
        LEFT JOIN LATERAL (
            SELECT max(k.id * 2 + k.granted::int) FILTER (WHERE k.purpose = 'marketing') % 2 AS marketing,
                   max(k.id * 2 + k.granted::int) FILTER (WHERE k.purpose = 'service') % 2 AS service
            FROM consent k WHERE k.address_id = a.id
        ) said ON true
    ) w
    LEFT JOIN LATERAL (
        VALUES (CASE WHEN w.marketing = 1 THEN 'marketing:' END), (CASE WHEN w.service = 1 THEN 'service:' END),
               (CASE WHEN w.marketing = 1 THEN 'marketing:' || w.type END),
               (CASE WHEN w.service = 1 THEN 'service:' || w.type END)
    ) AS s (yes) ON true
    GROUP BY w.id
"""


async def settle(tx: Tx, *, most: int = MOST) -> int:
    """Redo the roll-ups of what is marked, at most so many marks of each; how many it took.

    Another sweep that is at it already is left alone: 0. Who marks again while this runs leaves a mark that stays, for
    the rows are read after the marks were taken.
    """
    if not await tx.value("SELECT pg_try_advisory_xact_lock(hashtext('customers/rolling_up'))"):
        return 0
    return await _settle_reach(tx, most) + await _settle_bought(tx, most)


async def mark(tx: Tx, contact_ids: Sequence[int]) -> None:
    """People without any address: no trigger sees them."""
    await tx.execute("INSERT INTO reach_stale SELECT unnest($1::bigint[])", list(contact_ids))


async def _settle_reach(tx: Tx, most: int) -> int:
    taken = await tx.fetch(
        """
        DELETE FROM reach_stale WHERE ctid = ANY(ARRAY(SELECT ctid FROM reach_stale LIMIT $1)) RETURNING contact_id
        """,
        most,
    )
    held = await tx.fetch(
        """
        SELECT id FROM contact WHERE id IN (SELECT root_id FROM contact WHERE id = ANY($1))
        ORDER BY id FOR NO KEY UPDATE
        """,
        [row["contact_id"] for row in taken],
    )
    await tx.execute(
        f"""
        WITH moved AS MATERIALIZED (SELECT id FROM unnest($1::bigint[]) AS w (id))
        UPDATE contact SET standing = n.standing, reached_by = n.reached_by, agreed = n.agreed
        FROM ({REACH_NOW}) AS n
        WHERE contact.id = n.id AND (contact.standing, contact.reached_by, contact.agreed)
              IS DISTINCT FROM (n.standing, n.reached_by, n.agreed)
        """,
        [row["id"] for row in held],
    )
    return len(taken)


async def _settle_bought(tx: Tx, most: int) -> int:
    taken = await tx.fetch(
        """
        DELETE FROM bought_stale WHERE ctid = ANY(ARRAY(SELECT ctid FROM bought_stale LIMIT $1))
        RETURNING whose, buyer_id
        """,
        most,
    )
    people = sorted({row["buyer_id"] for row in taken if row["whose"] == "person"})
    accounts = sorted({row["buyer_id"] for row in taken if row["whose"] == "account"})
    await tx.execute(
        """
        DELETE FROM bought WHERE (whose, buyer_id) IN (
            SELECT 'person', unnest($1::bigint[]) UNION ALL SELECT 'account', unnest($2::bigint[]))
        """,
        people,
        accounts,
    )
    await tx.execute(
        """
        INSERT INTO bought (whose, buyer_id, currency, number, amount, last_at)
        SELECT 'person', contact_id, currency, count(*), sum(amount), max(bought_at)
        FROM purchase WHERE contact_id = ANY($1) AND state = ANY($3) GROUP BY contact_id, currency
        UNION ALL
        SELECT 'account', account_id, currency, count(*), sum(amount), max(bought_at)
        FROM purchase WHERE account_id = ANY($2) AND state = ANY($3) GROUP BY account_id, currency
        """,
        people,
        accounts,
        list(COUNTED),
    )
    return len(taken)
