"""Whom something is about: people found by words, and one of them chosen."""

from __future__ import annotations

from hub.customers import contacts
from hub.plumbing.db import Tx
from hub.plumbing.texts import _
from hub.web.views import Named, View

MOST_FOUND = 8


class Found(View, frozen=True, kw_only=True):
    """Somebody the words name; `note`: their account, and where they are reached."""

    id: int
    name: str
    note: str


async def found(tx: Tx, q: str) -> list[Found]:
    """Whose name or an address holds these words; nobody for none."""
    return [
        Found(
            id=one.contact.id,
            name=one.contact.name or _("(no name)"),
            note=" · ".join(
                part
                for part in (one.contact.account_name, *(address.value for address in one.addresses[:2]))
                if part
            ),
        )
        for one in (await contacts.listed(tx, text=q, most=MOST_FOUND) if q else [])
    ]


async def chosen(tx: Tx, contact_id: int) -> Named:
    """The person (the root) with their account. Raises NotFound."""
    contact = (await contacts.load(tx, contact_id)).contact
    account = f" · {contact.account_name}" if contact.account_name else ""
    return Named(id=contact.id, name=(contact.name or _("(no name)")) + account)
