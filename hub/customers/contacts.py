"""People: their names, proven addresses, claims, and the account they stand at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.customers import rolling_up
from hub.customers.addresses import AddressRow, of_contacts, prove, refresh_search
from hub.plumbing import history, todo
from hub.plumbing.db import Meanwhile, Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One person (the root of merged ones). `account_standing` is '', suggested or confirmed."""

    id: int
    name: str
    job_title: str
    language: str
    time_zone: str
    external_id: str | None
    preferred_channel: str
    notes: str
    account_id: int | None
    account_name: str | None
    account_standing: str


class ContactWithAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """A person and every proven way to reach them."""

    contact: Contact
    addresses: list[AddressRow]


SELECTED = """
    SELECT c.id, c.name, c.job_title, c.language, c.time_zone, c.external_id, c.preferred_channel, c.notes,
           c.account_id, a.name AS account_name, c.account_standing
    FROM contact c LEFT JOIN account a ON a.id = c.account_id
"""


async def load(tx: Tx, contact_id: int) -> ContactWithAddresses:
    """One person, by their own id or that of somebody merged into them. Raises NotFound."""
    found = await tx.row(
        Contact, f"{SELECTED} WHERE c.id = (SELECT root_id FROM contact WHERE id = $1)", contact_id
    )
    if found is None:
        raise NotFound(_("There is no such contact."))
    return (await _with_addresses(tx, [found]))[0]


async def merged(tx: Tx, contact_id: int) -> list[int]:
    """The ids of all contacts that are this person, the root first. Raises NotFound."""
    rows = await tx.fetch(
        """
        SELECT c.id FROM contact own JOIN contact c ON c.root_id = own.root_id WHERE own.id = $1
        ORDER BY c.id <> c.root_id, c.id
        """,
        contact_id,
    )
    if not rows:
        raise NotFound(_("There is no such contact."))
    return [row["id"] for row in rows]


async def listed(
    tx: Tx, *, text: str = "", account_id: int | None = None, after: int = 0, most: int = 50
) -> list[ContactWithAddresses]:
    """People by id after `after`, whose name or an address holds `text`, or who stand at one account."""
    found = await tx.rows(
        Contact,
        f"""
        {SELECTED}
        WHERE c.root_id = c.id AND c.id > $1 AND ($2::bigint IS NULL OR c.account_id = $2)
          AND ($3 = '' OR plain(c.search) LIKE '%' || plain($3) || '%')
        ORDER BY c.id LIMIT $4
        """,
        after,
        account_id,
        text.replace("\\", "").replace("%", r"\%").replace("_", r"\_"),
        most,
    )
    return await _with_addresses(tx, found)


async def create(
    tx: Tx,
    *,
    name: str,
    addresses: Sequence[tuple[str, str]] = (),
    agent_id: int | None = None,
    account_id: int | None = None,
    language: str = "",
    job_title: str = "",
    external_id: str | None = None,
    source: str = "agent",
) -> ContactWithAddresses:
    """A new person with (type, value) addresses somebody vouches for. Raises BadInput, Conflict."""
    if not name.strip() and not addresses:
        raise BadInput(_("A contact needs a name or an address."), field="name")
    id_: int = await tx.value("SELECT nextval('contact_id_seq')")
    made = await tx.execute(
        """
        INSERT INTO contact (id, root_id, name, account_id, account_standing, language, job_title, external_id, search)
        VALUES ($1, $1, $2, $3, CASE WHEN $3::bigint IS NULL THEN '' ELSE 'confirmed' END, $4, $5, $6, $2)
        ON CONFLICT (external_id) DO NOTHING
        """,
        id_,
        name.strip()[:200],
        account_id,
        checked_language(language),
        job_title.strip()[:200],
        external_id or None,
    )
    if not made:
        raise Conflict(_("Another contact has the external id %(id)s.", id=external_id), field="external_id")
    for type_, value in addresses:
        await prove(tx, id_, type_, value, source=source)
    if not addresses:
        await rolling_up.mark(tx, [id_])
    await history.record(tx, "contact_created", agent_id=agent_id, contact_id=id_, account_id=account_id)
    return await load(tx, id_)


async def change(
    tx: Tx, contact_id: int, *, agent_id: int | None = None, **fields: Any
) -> ContactWithAddresses:
    """Change name, job_title, language, time_zone, preferred_channel, notes or account_id (then confirmed).

    Raises NotFound, BadInput, and Meanwhile when they became, or were, somebody else's part before our lock.
    """
    root: int | None = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
    await tx.execute("SELECT id FROM contact WHERE id = $1 FOR NO KEY UPDATE", root)
    before = (await load(tx, contact_id)).contact
    if before.id != root:
        raise Meanwhile("a contact was merged while we waited for it")
    now = msgspec.structs.replace(before, **fields)
    standing = before.account_standing
    if "account_id" in fields:
        standing = "confirmed" if now.account_id else ""
    await tx.execute(
        """
        UPDATE contact SET name = $2, job_title = $3, language = $4, time_zone = $5, preferred_channel = $6,
               notes = $7, account_id = $8, account_standing = $9
        WHERE id = $1
        """,
        before.id,
        now.name.strip()[:200],
        now.job_title[:200],
        checked_language(now.language),
        now.time_zone,
        now.preferred_channel,
        now.notes[:10_000],
        now.account_id,
        standing,
    )
    await refresh_search(tx, [before.id])
    if now.time_zone != before.time_zone:
        await todo.add(tx, "campaign_rezone", before.id)
    await history.record(
        tx, "contact_changed", agent_id=agent_id, contact_id=before.id, fields=sorted(fields)
    )
    tx.signal("contact", before.id, [f"contact:{before.id}"])
    return await load(tx, before.id)


def checked_language(language: str) -> str:
    """A language tag (RFC 5646) such as es or pt-BR, or "". Raises BadInput."""
    if language and (len(language) > 35 or not _LANGUAGE.fullmatch(language)):
        raise BadInput(_("Use a language tag such as es or pt-BR."), field="language")
    return language


async def _with_addresses(tx: Tx, found: Sequence[Contact]) -> list[ContactWithAddresses]:
    by_contact = await of_contacts(tx, [one.id for one in found])
    return [ContactWithAddresses(contact=one, addresses=by_contact.get(one.id, [])) for one in found]
