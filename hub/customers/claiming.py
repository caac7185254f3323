"""What somebody typed of themselves, kept beside their contact: it suggests, never resolves, never blocks."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx


async def claim(tx: Tx, address_type: str, value: str, said: dict[str, str], *, source: str) -> None:
    """Keep claims (type → value) for the contact an address belongs to; the same claim twice is one."""
    await tx.execute(
        """
        INSERT INTO claim (contact_id, type, value, source)
        SELECT c.root_id, w.type, w.value, $5
        FROM address a JOIN contact c ON c.id = a.contact_id,
             unnest($3::text[], $4::text[]) AS w (type, value)
        WHERE (a.type, a.value) = ($1, $2) AND w.value <> '' ON CONFLICT DO NOTHING
        """,
        address_type,
        value,
        list(said),
        [one[:320] for one in said.values()],
        source,
    )


def keep(tx: Tx, said: Sequence[tuple[int, dict[str, str]]], source: str) -> None:
    """Claims (type → value) that came with messages, by the contact who wrote; the same claim twice is one."""
    rows = [(contact, type_, value) for contact, claims in said for type_, value in claims.items() if value]
    if rows:
        tx.together(
            """
            INSERT INTO claim (contact_id, type, value, source)
            SELECT w.contact_id, w.type, w.value, $4
            FROM unnest($1::bigint[], $2::text[], $3::text[]) AS w (contact_id, type, value)
            ORDER BY w.contact_id, w.type, w.value ON CONFLICT DO NOTHING
            """,
            [contact for contact, _type, _value in rows],
            [type_ for _contact, type_, _value in rows],
            [value[:320] for _contact, _type, value in rows],
            source,
        )


async def forget(tx: Tx, address_id: int, said: dict[str, str]) -> None:
    """Take back what was claimed (type → value) by whoever has this address."""
    await tx.execute(
        """
        DELETE FROM claim USING address a JOIN contact c ON c.id = a.contact_id
        WHERE a.id = $1 AND claim.contact_id IN (c.id, c.root_id)
          AND (claim.type, claim.value) IN (SELECT * FROM unnest($2::text[], $3::text[]))
        """,
        address_id,
        list(said),
        [one[:320] for one in said.values()],
    )


async def typed(tx: Tx, contact_id: int, address_type: str) -> str:
    """The newest claim of this type a person made; "" for none."""
    found: str | None = await tx.value(
        """
        SELECT k.value FROM contact own JOIN contact c ON c.root_id = own.root_id
        JOIN claim k ON k.contact_id = c.id
        WHERE own.id = $1 AND k.type = $2 ORDER BY k.id DESC LIMIT 1
        """,
        contact_id,
        address_type,
    )
    return found or ""
