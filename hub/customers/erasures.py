"""Who is erased, at whose wish, how far it is and what went: a statement without a word of theirs (INVARIANTS §19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from hub.customers import contacts, suppression
from hub.plumbing import todo
from hub.plumbing.blotting import Blotting
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Meanwhile, Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import N_, _

TODO = "erase"
COUNTED = {
    "conversations": N_("Conversations, with all that was said in them"),
    "messages": N_("Messages, calls and faxes"),
    "shared": N_(
        "Other people's conversations they took part in: their messages, name and addresses taken out"
    ),
    "campaigns": N_("Campaign messages to them: the words and the address"),
    "arrivals": N_("Originals, as they came in"),
    "files": N_("Files"),
    "addresses": N_("Addresses, with what was said about writing to them"),
    "contacts": N_("Contact records, merged ones included"),
    "accounts": N_("Accounts that were this person alone"),
    "purchases": N_("Purchases of their own"),
    "purchases_kept": N_("Purchases that stay with the account, without their name"),
}
"""What a statement counts, in the order people read it."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `gone_at`: no row is left; `done_at`: nor any file; `counts`: how many by COUNTED."""

    id: int
    contact_id: int
    contact_ids: list[int]
    agent_id: int | None
    agent_name: str | None
    arrival_id: int
    named: list[str]
    counts: dict[str, int]
    asked_at: datetime
    gone_at: datetime | None
    done_at: datetime | None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is still known of whom an erasure is about."""

    contact_ids: list[int]
    address_ids: list[int]
    addresses: list[str]
    names: list[str]

    @property
    def blotting(self) -> Blotting:
        """Their words, to be taken out of what stays."""
        return Blotting(self.addresses, self.names)


def confirmed(typed: str, contact_id: int) -> None:
    """Whether somebody meant it: they typed the contact's number. Raises BadInput."""
    if typed.strip().lstrip("#") != str(contact_id):
        raise BadInput(
            _("Type the number of the contact, %(number)s, to erase them.", number=contact_id),
            field="confirm",
        )


async def ask(tx: Tx, crypto: Crypto, contact_id: int, *, agent_id: int | None) -> Erasure:
    """From now on this person is being erased, with all merged into them; asked twice it is one.

    No marketing reaches their addresses from this moment on, nor when a list brings them back. Raises NotFound, and
    Meanwhile when they became, or were, somebody else's part before our lock.
    """
    ids = await contacts.merged(tx, contact_id)
    asked = await begin(tx, crypto, ids[0], ids, agent_id=agent_id)
    if await contacts.merged(tx, contact_id) != ids:
        raise Meanwhile("a contact was merged while we waited for it")
    return asked


async def begin(
    tx: Tx, crypto: Crypto, root: int, contact_ids: Sequence[int], *, agent_id: int | None
) -> Erasure:
    """The same for contacts named one by one, as after a restore."""
    rows = await tx.fetch(
        "SELECT id FROM address WHERE contact_id = ANY($1) ORDER BY id FOR NO KEY UPDATE", list(contact_ids)
    )
    await tx.execute(
        "SELECT FROM contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", list(contact_ids)
    )
    await suppression.refuse_all(tx, crypto, [row["id"] for row in rows])
    made = await tx.value(
        """
        INSERT INTO erasure (contact_id, contact_ids, agent_id) VALUES ($1, $2, $3)
        ON CONFLICT (contact_id) WHERE gone_at IS NULL DO NOTHING RETURNING id
        """,
        root,
        list(contact_ids),
        agent_id,
    )
    if made is None:
        made = await tx.value("SELECT id FROM erasure WHERE contact_id = $1 AND gone_at IS NULL", root)
    else:
        await todo.add(tx, TODO, made)
        tx.wake("todo")
    return await load(tx, made)


async def load(tx: Tx, erasure_id: int) -> Erasure:
    """One erasure. Raises NotFound."""
    found = await tx.row(Erasure, f"{_ERASURES} WHERE e.id = $1", erasure_id)
    if found is None:
        raise NotFound(_("There is no such erasure."))
    return found


async def hold(tx: Tx, erasure_id: int) -> Erasure:
    """The same, locked until the end: one works on it at a time. Raises NotFound."""
    await tx.execute("SELECT FROM erasure WHERE id = $1 FOR NO KEY UPDATE", erasure_id)
    return await load(tx, erasure_id)


async def under_way(tx: Tx, contact_id: int) -> Erasure | None:
    """The erasure this contact is in, until it is gone."""
    return await tx.row(
        Erasure, f"{_ERASURES} WHERE e.gone_at IS NULL AND $1 = ANY(e.contact_ids)", contact_id
    )


async def listed(tx: Tx, *, before: int | None = None, most: int = 50) -> list[Erasure]:
    """All of them, newest first; `before` is the id of the last one seen."""
    return await tx.rows(
        Erasure,
        f"{_ERASURES} WHERE $1::bigint IS NULL OR e.id < $1 ORDER BY e.id DESC LIMIT $2",
        before,
        most,
    )


async def erased_contacts(tx: Tx) -> list[list[int]]:
    """The contacts of every erasure, root first: what a restored backup brings back is erased again by them."""
    rows = await tx.fetch("SELECT contact_id, contact_ids FROM erasure WHERE gone_at IS NOT NULL ORDER BY id")
    return [[row["contact_id"], *row["contact_ids"]] for row in rows]


async def subject(tx: Tx, erasure: Erasure) -> Subject:
    """Whom it is about, as far as rows are left."""
    people = await tx.fetch("SELECT name FROM contact WHERE id = ANY($1)", erasure.contact_ids)
    rows = await tx.fetch(
        "SELECT id, value, name FROM address WHERE contact_id = ANY($1) ORDER BY id", erasure.contact_ids
    )
    return Subject(
        contact_ids=erasure.contact_ids,
        address_ids=[row["id"] for row in rows],
        addresses=[row["value"] for row in rows],
        names=[*(row["name"] for row in people), *(row["name"] for row in rows)],
    )


async def add(tx: Tx, erasure_id: int, counts: Mapping[str, int], *, files: Sequence[str] = ()) -> None:
    """This much more went; files are named until they are gone."""
    some = {what: n for what, n in counts.items() if n}
    await tx.execute(
        """
        UPDATE erasure
        SET counts = counts || (
                SELECT coalesce(jsonb_object_agg(w.what, coalesce((counts ->> w.what)::int, 0) + w.n), '{}')
                FROM unnest($2::text[], $3::int[]) AS w (what, n)),
            named = ARRAY(SELECT unnest(named) UNION SELECT unnest($4::text[]) ORDER BY 1)
        WHERE id = $1
        """,
        erasure_id,
        list(some),
        list(some.values()),
        list(files),
    )


async def read_to(tx: Tx, erasure_id: int, arrival_id: int) -> None:
    """Arrivals up to this one were looked through."""
    await tx.execute("UPDATE erasure SET arrival_id = $2 WHERE id = $1", erasure_id, arrival_id)


async def gone(tx: Tx, erasure_id: int) -> None:
    """No row is left."""
    await tx.execute("UPDATE erasure SET gone_at = coalesce(gone_at, now()) WHERE id = $1", erasure_id)


async def keep_files(tx: Tx, erasure_id: int, left: Sequence[str], *, erased: int) -> None:
    """Of its files these are left; with none it is done."""
    await tx.execute(
        """
        UPDATE erasure
        SET named = $2, done_at = CASE WHEN cardinality($2::text[]) = 0 THEN coalesce(done_at, now()) END,
            counts = counts || jsonb_build_object('files', coalesce((counts ->> 'files')::int, 0) + $3::int)
        WHERE id = $1
        """,
        erasure_id,
        sorted(left),
        erased,
    )


def words(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """What went, or will go, in the language being spoken, and how many."""
    return [(_(text), counts[what]) for what, text in COUNTED.items() if counts.get(what)]


_ERASURES = """
    SELECT e.id, e.contact_id, e.contact_ids, e.agent_id, g.name AS agent_name, e.arrival_id, e.named, e.counts,
           e.asked_at, e.gone_at, e.done_at
    FROM erasure e LEFT JOIN agent g ON g.id = e.agent_id
"""
