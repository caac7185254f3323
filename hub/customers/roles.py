"""What somebody is at an account besides belonging to it: employee, beneficiary, guarantor, representative."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import N_, _

ROLES = {
    "employee": N_("Employee"),
    "beneficiary": N_("Beneficiary"),
    "guarantor": N_("Guarantor"),
    "representative": N_("Representative"),
}
MOST = 50


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """One role of a person at an account; `name` is the account's, `contact_name` the person's."""

    contact_id: int
    contact_name: str
    account_id: int
    account_name: str
    role: str


async def of_contacts(tx: Tx, contact_ids: Sequence[int]) -> dict[int, list[Role]]:
    """By root: what these people are at which accounts, merged ones included."""
    found: dict[int, list[Role]] = {}
    for one in await tx.rows(
        Role, f"{_SELECTED} WHERE r.id = ANY($1) ORDER BY a.name, k.role", list(contact_ids)
    ):
        found.setdefault(one.contact_id, []).append(one)
    return found


async def of_account(tx: Tx, account_id: int) -> list[Role]:
    """Who is what at one account, by name."""
    return await tx.rows(Role, f"{_SELECTED} WHERE k.account_id = $1 ORDER BY r.name, k.role", account_id)


async def put(
    tx: Tx, contact_id: int, wanted: Sequence[tuple[int, str]], *, agent_id: int | None = None
) -> list[Role]:
    """Exactly these (account id, role) from now on. Raises NotFound, BadInput(roles)."""
    root = await _lock(tx, contact_id)
    before = {(one.account_id, one.role) for one in (await of_contacts(tx, [root])).get(root, [])}
    after = set(wanted)
    if len(after) > MOST:
        raise BadInput(_("A contact takes at most %(n)s roles.", n=MOST), field="roles")
    for account_id, role in sorted(after - before):
        await _add(tx, root, account_id, role, agent_id)
    for account_id, role in sorted(before - after):
        await tx.execute(
            """
            DELETE FROM contact_role USING contact c
            WHERE c.root_id = $1 AND contact_id = c.id AND contact_role.account_id = $2 AND role = $3
            """,
            root,
            account_id,
            role,
        )
        await _note(tx, "role_taken", root, account_id, role, agent_id)
    return (await of_contacts(tx, [root])).get(root, [])


async def add(tx: Tx, contact_id: int, account_id: int, role: str, *, agent_id: int | None = None) -> None:
    """One more; nothing when it is so already. Raises NotFound, BadInput(role)."""
    root = await _lock(tx, contact_id)
    if (account_id, role) not in {
        (one.account_id, one.role) for one in (await of_contacts(tx, [root])).get(root, [])
    }:
        await _add(tx, root, account_id, role, agent_id)


async def _add(tx: Tx, root: int, account_id: int, role: str, agent_id: int | None) -> None:
    if role not in ROLES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(ROLES)), field="role")
    if not await tx.value("SELECT true FROM account WHERE id = $1", account_id):
        raise BadInput(_("There is no such account."), field="account")
    await tx.execute(
        "INSERT INTO contact_role (contact_id, account_id, role, agent_id) VALUES ($1, $2, $3, $4)",
        root,
        account_id,
        role,
        agent_id,
    )
    await _note(tx, "role_given", root, account_id, role, agent_id)


async def _lock(tx: Tx, contact_id: int) -> int:
    root: int | None = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
    if root is None:
        raise NotFound(_("There is no such contact."))
    await tx.execute("SELECT id FROM contact WHERE id = $1 FOR NO KEY UPDATE", root)
    return root


async def _note(tx: Tx, verb: str, root: int, account_id: int, role: str, agent_id: int | None) -> None:
    await history.record(tx, verb, agent_id=agent_id, contact_id=root, account_id=account_id, role=role)
    tx.signal("contact", root, [f"contact:{root}"])


_SELECTED = """
    SELECT DISTINCT r.id AS contact_id, r.name AS contact_name, a.id AS account_id, a.name AS account_name, k.role
    FROM contact_role k JOIN contact c ON c.id = k.contact_id JOIN contact r ON r.id = c.root_id
    JOIN account a ON a.id = k.account_id
"""
