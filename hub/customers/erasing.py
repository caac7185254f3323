"""The last rows of a person are deleted: contact, addresses, wishes, claims, tags, purchases, merges."""

from __future__ import annotations

from collections.abc import Sequence

from hub.customers import suppression
from hub.customers.erasures import Subject
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx


async def lock(tx: Tx, contact_ids: Sequence[int]) -> None:
    """Nobody writes for them until the end; addresses first (INVARIANTS §9)."""
    await tx.execute(
        "SELECT FROM address WHERE contact_id = ANY($1) ORDER BY id FOR UPDATE", list(contact_ids)
    )
    await tx.execute("SELECT FROM contact WHERE id = ANY($1) ORDER BY id FOR UPDATE", list(contact_ids))


async def formerly(tx: Tx, contact_ids: Sequence[int]) -> list[int]:
    """These, and whoever they were once a part of: what was frozen for that person may name them."""
    rows = await tx.fetch("SELECT into_id FROM merge WHERE contact_id = ANY($1)", list(contact_ids))
    return sorted({*contact_ids, *(row["into_id"] for row in rows)})


async def alone(tx: Tx, contact_ids: Sequence[int]) -> list[int]:
    """Accounts that are nobody but them: of a person or a household, nobody else there."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT a.id FROM account a JOIN contact c ON c.account_id = a.id
        WHERE c.id = ANY($1) AND a.kind IN ('person', 'household')
          AND NOT EXISTS (SELECT FROM contact o WHERE o.account_id = a.id AND o.id <> ALL($1))
          AND NOT EXISTS (SELECT FROM contact_role k WHERE k.account_id = a.id AND k.contact_id <> ALL($1))
        ORDER BY a.id
        """,
        list(contact_ids),
    )
    return [row["id"] for row in rows]


async def end(tx: Tx, crypto: Crypto, who: Subject, accounts: Sequence[int]) -> dict[str, int]:
    """Delete what this room has of them, and these accounts, which nobody else's rows name; how many of what.

    What they refused is kept under a name nobody can read, for addresses that came meanwhile too.
    """
    await suppression.refuse_all(tx, crypto, who.address_ids)
    sold, kept = await _purchases(tx, who.contact_ids, accounts)
    await tx.execute("DELETE FROM claim WHERE value = ANY($1)", who.addresses)
    await tx.execute(
        """
        UPDATE contact SET root_id = id WHERE id IN (
            SELECT id FROM contact WHERE root_id = ANY($1) AND id <> ALL($1) ORDER BY id FOR NO KEY UPDATE)
        """,
        who.contact_ids,
    )
    await tx.execute("DELETE FROM merge WHERE members && $1", who.contact_ids)
    addresses = await tx.execute("DELETE FROM address WHERE id = ANY($1)", who.address_ids)
    contacts = await tx.execute("DELETE FROM contact WHERE id = ANY($1)", who.contact_ids)
    ended = await tx.execute("DELETE FROM account WHERE id = ANY($1)", list(accounts))
    return {
        "purchases": sold,
        "purchases_kept": kept,
        "addresses": addresses,
        "contacts": contacts,
        "accounts": ended,
    }


async def _purchases(tx: Tx, contact_ids: Sequence[int], accounts: Sequence[int]) -> tuple[int, int]:
    """Their own go; what was bought for an account that stays is the account's: how many of each."""
    sold = await tx.execute(
        """
        DELETE FROM purchase
        WHERE contact_id = ANY($1) AND (account_id IS NULL OR account_id = ANY($2)) OR account_id = ANY($2)
        """,
        list(contact_ids),
        list(accounts),
    )
    kept = await tx.execute(
        "UPDATE purchase SET contact_id = NULL WHERE contact_id = ANY($1)", list(contact_ids)
    )
    return sold, kept
