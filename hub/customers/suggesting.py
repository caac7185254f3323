"""Confirming or denying the account that a contact's mail domain suggests."""

from __future__ import annotations

import msgspec

from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """A contact's root while its row is locked."""

    id: int
    account_id: int | None
    account_standing: str


async def confirm(tx: Tx, contact_id: int, *, agent_id: int | None) -> Suggested:
    """Yes, this person belongs to the account. Confirming twice is one confirmation. Raises NotFound, Conflict."""
    contact = await _locked(tx, contact_id)
    if contact.account_standing == "confirmed":
        return contact
    if contact.account_id is None:
        raise Conflict(_("No account is suggested for this contact any more."))
    await tx.execute("UPDATE contact SET account_standing = 'confirmed' WHERE id = $1", contact.id)
    await _note(tx, "account_confirmed", contact, agent_id)
    return msgspec.structs.replace(contact, account_standing="confirmed")


async def deny(tx: Tx, contact_id: int, *, agent_id: int | None) -> Suggested | None:
    """No: the account is not theirs, and its domain suggests it no more for this person.

    The contact as it was with the suggestion, None if there was none. Raises NotFound, Conflict when the
    account was confirmed meanwhile.
    """
    contact = await _locked(tx, contact_id)
    if contact.account_standing == "confirmed":
        raise Conflict(_("Somebody has confirmed this account meanwhile."))
    if contact.account_id is None:
        return None
    await tx.execute(
        """
        INSERT INTO account_denial (contact_id, account_id, agent_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
        """,
        contact.id,
        contact.account_id,
        agent_id,
    )
    await tx.execute("UPDATE contact SET account_id = NULL, account_standing = '' WHERE id = $1", contact.id)
    await _note(tx, "account_denied", contact, agent_id)
    return contact


async def _locked(tx: Tx, contact_id: int) -> Suggested:
    """The merge root of a contact, locked; read again in case a merge came between (INVARIANTS §14)."""
    while True:
        root: int | None = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
        if root is None:
            raise NotFound(_("There is no such contact."))
        found = await tx.record(
            "SELECT id, root_id, account_id, account_standing FROM contact WHERE id = $1 FOR NO KEY UPDATE",
            root,
        )
        if found is not None and found["root_id"] == root:
            return Suggested(
                id=found["id"], account_id=found["account_id"], account_standing=found["account_standing"]
            )


async def _note(tx: Tx, verb: str, contact: Suggested, agent_id: int | None) -> None:
    await history.record(tx, verb, agent_id=agent_id, contact_id=contact.id, account_id=contact.account_id)
    tx.signal("contact", contact.id, [f"contact:{contact.id}"])
