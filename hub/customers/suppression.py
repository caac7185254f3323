"""Whom we must not write to although their rows are gone: names nobody can read, compared with new addresses.

INVARIANTS §19: the key is HMAC(type:value), so that the list survives the erasure of a person and tells nobody
whom it names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.channels import phone
from hub.customers.consent import Wish, record
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

MOST = 500


def name_of(crypto: Crypto, type_: str, value: str) -> bytes:
    """Under which key an address stands in the list."""
    return crypto.fingerprint("suppressed", f"{type_}:{value}")


async def keep(tx: Tx, crypto: Crypto, address_ids: Sequence[int]) -> int:
    """Before these addresses are erased: what they refused stays known; how many refusals."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (a.id, k.purpose, k.channel_id) a.type, a.value, k.purpose, k.channel_id, k.granted
        FROM address a JOIN consent k ON k.address_id = a.id WHERE a.id = ANY($1)
        ORDER BY a.id, k.purpose, k.channel_id, k.id DESC
        """,
        list(address_ids),
    )
    refused = [row for row in rows if not row["granted"]]
    await tx.execute(
        """
        INSERT INTO suppressed (hash, purpose, channel_id, source)
        SELECT hash, purpose, channel_id, 'erased'
        FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS w (hash, purpose, channel_id)
        ON CONFLICT DO NOTHING
        """,
        [name_of(crypto, row["type"], row["value"]) for row in refused],
        [row["purpose"] for row in refused],
        [row["channel_id"] for row in refused],
    )
    await _remember_links(tx, crypto, address_ids)
    return len(refused)


async def refuse_all(tx: Tx, crypto: Crypto, address_ids: Sequence[int]) -> None:
    """Whoever is erased wants no campaigns, however often a list brings them back; what they refused stays, too."""
    await keep(tx, crypto, address_ids)
    rows = await tx.fetch("SELECT type, value FROM address WHERE id = ANY($1) ORDER BY id", list(address_ids))
    await tx.execute(
        """
        INSERT INTO suppressed (hash, purpose, source)
        SELECT hash, 'marketing', 'erasure' FROM unnest($1::bytea[]) AS w (hash)
        ON CONFLICT DO NOTHING
        """,
        [name_of(crypto, row["type"], row["value"]) for row in rows],
    )


async def erased(tx: Tx, crypto: Crypto, recipients: Collection[str]) -> frozenset[str]:
    """Which of these are an address of somebody who is erased, and not back since; their types nobody told us."""
    keys: dict[tuple[str, str], str] = {}
    for one in recipients:
        types = ("email",) if "@" in one else ("phone", "fax")
        keys |= {(type_, one.lower() if "@" in one else phone.key(one)): one for type_ in types}
    rows = await tx.fetch(
        """
        SELECT w.type, w.value FROM unnest($1::bytea[], $2::text[], $3::text[]) AS w (hash, type, value)
        WHERE EXISTS (SELECT FROM suppressed s WHERE s.hash = w.hash)
          AND NOT EXISTS (
              SELECT FROM address a WHERE (a.type, a.value) = (w.type, w.value)
                AND NOT EXISTS (SELECT FROM erasure e WHERE e.gone_at IS NULL AND a.contact_id = ANY(e.contact_ids)))
        """,
        [name_of(crypto, type_, value) for type_, value in keys],
        [type_ for type_, _ in keys],
        [value for _, value in keys],
    )
    return frozenset(keys[row["type"], row["value"]] for row in rows)


async def refuse_forgotten(tx: Tx, address_id: int, purpose: str) -> bool:
    """A link we sent to an address that was erased since says no; False when we never erased such an address."""
    return bool(
        await tx.execute(
            """
            WITH named AS (SELECT hash FROM forgotten_address WHERE address_id = $1), kept AS (
                INSERT INTO suppressed (hash, purpose, source) SELECT hash, $2, 'link' FROM named
                ON CONFLICT DO NOTHING)
            SELECT FROM named
            """,
            address_id,
            purpose,
        )
    )


async def _remember_links(tx: Tx, crypto: Crypto, address_ids: Sequence[int]) -> None:
    rows = await tx.fetch("SELECT id, type, value FROM address WHERE id = ANY($1)", list(address_ids))
    await tx.execute(
        """
        INSERT INTO forgotten_address (address_id, hash) SELECT * FROM unnest($1::bigint[], $2::bytea[])
        ON CONFLICT DO NOTHING
        """,
        [row["id"] for row in rows],
        [name_of(crypto, row["type"], row["value"]) for row in rows],
    )


async def compare(tx: Tx, crypto: Crypto) -> int:
    """Look new addresses up in the list and write the old refusals into their ledger; how many addresses."""
    rows = await tx.fetch(
        "SELECT id, type, value FROM address WHERE NOT compared ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED",
        MOST,
    )
    if not rows:
        return 0
    by_name = {name_of(crypto, row["type"], row["value"]): row["id"] for row in rows}
    known = await tx.fetch(
        "SELECT hash, purpose, channel_id, source FROM suppressed WHERE hash = ANY($1) ORDER BY purpose, channel_id",
        list(by_name),
    )
    refusals = [
        Wish(
            address_id=by_name[row["hash"]],
            purpose=row["purpose"],
            granted=False,
            source="erasure" if row["source"] == "erasure" else "erased",
            channel_id=row["channel_id"],
        )
        for row in known
    ]
    await record(tx, refusals)
    await tx.execute("UPDATE address SET compared = true WHERE id = ANY($1)", [row["id"] for row in rows])
    return len(rows)
