"""Addresses by themselves: found by value, marked shared or working, and a claim that a person confirms."""

from __future__ import annotations

from hub.customers.addresses import AddressRow, Claim, normalised, prove
from hub.customers.usability import mark_usable
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _


class Entry(AddressRow, frozen=True, kw_only=True):
    """One address and whose it is: `contact_id` is the root of merged contacts."""

    contact_name: str


async def find(tx: Tx, type_: str, value: str) -> Entry | None:
    """Whose address this is; it is read as a person types it. Raises BadInput for what is none."""
    return await tx.row(
        Entry, f"{_ENTRIES} WHERE a.type = $1 AND a.value = $2", type_, normalised(type_, value)
    )


async def listed(tx: Tx, *, after: int = 0, most: int = 50) -> list[Entry]:
    """All addresses by id, from the one after `after`."""
    return await tx.rows(Entry, f"{_ENTRIES} WHERE a.id > $1 ORDER BY a.id LIMIT $2", after, most)


async def load(tx: Tx, address_id: int) -> Entry:
    """One address. Raises NotFound."""
    found = await tx.row(Entry, f"{_ENTRIES} WHERE a.id = $1", address_id)
    if found is None:
        raise NotFound(_("There is no such address."))
    return found


async def change(tx: Tx, address_id: int, *, shared: bool | None = None, usable: bool | None = None) -> Entry:
    """Mark it as used by several people, or as working (or not) because a person says so. Raises NotFound."""
    await load(tx, address_id)
    if usable:
        await mark_usable(tx, [address_id])
    elif usable is False:
        await tx.execute(
            "UPDATE address SET usable = false, why_not = $2 WHERE id = $1 AND usable",
            address_id,
            _("A colleague says it does not work."),
        )
    if shared is not None:
        await tx.execute("UPDATE address SET shared = $2 WHERE id = $1", address_id, shared)
    return await load(tx, address_id)


async def claims(tx: Tx, *, contact_id: int | None = None, after: int = 0, most: int = 50) -> list[Claim]:
    """What people typed of themselves, by id; of one contact (and those merged into it) if named."""
    return await tx.rows(
        Claim,
        """
        SELECT l.id, c.root_id AS contact_id, l.type, l.value, l.source
        FROM claim l JOIN contact c ON c.id = l.contact_id
        WHERE l.id > $1 AND ($2::bigint IS NULL OR c.root_id = (SELECT root_id FROM contact WHERE id = $2))
        ORDER BY l.id LIMIT $3
        """,
        after,
        contact_id,
        most,
    )


async def confirm(tx: Tx, claim_id: int) -> Entry:
    """A person vouches for a claim: it becomes a proven address, the claim ends.

    Raises NotFound; Conflict when another contact has the address; BadInput when it is none.
    """
    claim = await tx.row(
        Claim, "SELECT id, contact_id, type, value, source FROM claim WHERE id = $1 FOR UPDATE", claim_id
    )
    if claim is None:
        raise NotFound(_("There is no such claim."))
    address_id = await prove(tx, claim.contact_id, claim.type, claim.value, source="agent")
    await tx.execute("DELETE FROM claim WHERE id = $1", claim_id)
    return await load(tx, address_id)


_ENTRIES = """
    SELECT a.id, a.type, a.value, a.verified, a.usable, a.why_not, a.unusable_on, a.shared, a.source,
           r.id AS contact_id, r.name AS contact_name
    FROM address a JOIN contact c ON c.id = a.contact_id JOIN contact r ON r.id = c.root_id
"""
