"""Accounts and contacts as tables that `hub import` takes back (customers/importing)."""

from __future__ import annotations

from typing import Any

from hub.customers.importing import ACCOUNT_COLUMNS, CONTACT_COLUMNS
from hub.plumbing.db import Tx
from hub.plumbing.sheets import Sheet


async def _accounts(tx: Tx, after: int, most: int) -> list[tuple[int, list[Any]]]:
    rows = await tx.fetch(
        """
        SELECT a.id, a.external_id, a.name, a.kind, a.relation, a.tier, o.email AS owner, d.email AS deputy,
               ARRAY(SELECT domain FROM account_domain x WHERE x.account_id = a.id ORDER BY domain) AS domains,
               a.notes
        FROM account a LEFT JOIN agent o ON o.id = a.owner_id LEFT JOIN agent d ON d.id = a.deputy_id
        WHERE a.id > $1 ORDER BY a.id LIMIT $2
        """,
        after,
        most,
    )
    return [(row["id"], [row[column] for column in ACCOUNT_COLUMNS]) for row in rows]


async def _contacts(tx: Tx, after: int, most: int) -> list[tuple[int, list[Any]]]:
    """One row a person: merged ones are one; the account by its external id, else by its name."""
    rows = await tx.fetch(
        """
        SELECT r.id, r.external_id, r.name, coalesce(o.external_id, o.name) AS account, r.language, r.job_title,
               ARRAY(SELECT a.value FROM address a JOIN contact c ON c.id = a.contact_id
                     WHERE c.root_id = r.id AND a.type = 'email' ORDER BY a.id) AS email,
               ARRAY(SELECT coalesce(nullif(a.spelled, ''), a.value) FROM address a
                     JOIN contact c ON c.id = a.contact_id
                     WHERE c.root_id = r.id AND a.type = 'phone' ORDER BY a.id) AS phone,
               ARRAY(SELECT DISTINCT t.name FROM tag t JOIN contact_tag k ON k.tag_id = t.id
                     JOIN contact c ON c.id = k.contact_id WHERE c.root_id = r.id ORDER BY t.name) AS tags,
               (SELECT min(k.role) FROM contact_role k JOIN contact c ON c.id = k.contact_id
                WHERE c.root_id = r.id AND k.account_id = r.account_id) AS role
        FROM contact r LEFT JOIN account o ON o.id = r.account_id
        WHERE r.id > $1 AND r.root_id = r.id ORDER BY r.id LIMIT $2
        """,
        after,
        most,
    )
    return [(row["id"], [row[column] for column in CONTACT_COLUMNS]) for row in rows]


async def _count_accounts(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM account"))


async def _count_contacts(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM contact WHERE root_id = id"))


ACCOUNTS = Sheet(ACCOUNT_COLUMNS, _count_accounts, _accounts)
CONTACTS = Sheet(CONTACT_COLUMNS, _count_contacts, _contacts)
