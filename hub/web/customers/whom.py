"""Whom something is about: people found by words, one of them chosen, and what is going on with them."""

from __future__ import annotations

from collections.abc import Container

import msgspec
from aiohttp import web

from hub.conversations import of_customer
from hub.conversations.of_customer import Line
from hub.customers import contacts
from hub.plumbing.db import Tx
from hub.plumbing.texts import _
from hub.web.requests import person_of
from hub.web.views import Named, View

MOST_FOUND = 8


class Found(View, frozen=True, kw_only=True):
    """Somebody the words name; `note`: their account, and where they are reached."""

    id: int
    name: str
    note: str


class Whom(View, frozen=True, kw_only=True):
    """Of a page about somebody: `who` is chosen and `matters` are theirs; else `found` are named by `q`."""

    who: Named | None = None
    q: str = ""
    found: list[Found] = msgspec.field(default_factory=list)
    matters: list[Line] = msgspec.field(default_factory=list)


async def asked(
    tx: Tx, request: web.Request, contact_id: int | None, *, states: Container[str], most: int
) -> Whom:
    """By `?q=`, or who is chosen, with what of theirs is in `states` and may be seen. Raises NotFound."""
    q = request.query.get("q", "").strip()[:100]
    if contact_id is None:
        return Whom(q=q, found=await _found(tx, q))
    who = await _chosen(tx, contact_id)
    matters = await of_customer.of_contact(tx, person_of(request).id, who.id)
    return Whom(who=who, q=q, matters=[one for one in matters if one.state in states][:most])


async def _found(tx: Tx, q: str) -> list[Found]:
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


async def _chosen(tx: Tx, contact_id: int) -> Named:
    """The person (the root) with their account. Raises NotFound."""
    contact = (await contacts.load(tx, contact_id)).contact
    account = f" · {contact.account_name}" if contact.account_name else ""
    return Named(id=contact.id, name=(contact.name or _("(no name)")) + account)
