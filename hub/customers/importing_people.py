"""People out of files, some hundred at once: what each row says, and what is known of them all.

From here importing_deciding says whom each row means and what it changes, and importing_storing writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub.channels import phone
from hub.customers import tags
from hub.customers.addresses import normalised
from hub.customers.contacts import checked_language
from hub.customers.roles import ROLES
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

Key = tuple[str, str]
"""Type and value of an address, as its row holds them."""
MOST_EXTERNAL_ID = 200


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a row of importing.CONTACT_COLUMNS says. `addresses`: how each is rung, where its key does not say."""

    external_id: str
    name: str
    language: str
    job_title: str
    account: str
    role: str
    tags: list[str]
    addresses: dict[Key, str]


class Word(msgspec.Struct):
    """The newest word about marketing of one address, on whichever channel: yes, no, or None; `stopped`: all of it."""

    marketing: bool | None = None
    stopped: bool = False


class Somebody(msgspec.Struct, kw_only=True):
    """A person (the root) after the rows so far. `id` below zero: not stored yet. `tags` by plain name."""

    id: int
    name: str
    language: str
    job_title: str
    account_id: int | None
    account_standing: str
    external_id: str | None = None
    tags: dict[str, str] = {}
    roles: set[tuple[int, str]] = set()


class Changes(msgspec.Struct):
    """What the rows so far made: `changed`, `searched` of people known before, `addresses` with whose and how rung."""

    born: list[Somebody] = []
    changed: dict[int, Somebody] = {}
    searched: set[int] = set()
    addresses: dict[Key, tuple[int, str]] = {}
    spelled: dict[Key, str] = {}
    tags: list[tuple[int, str]] = []
    roles: list[tuple[int, int, str]] = []
    history: list[tuple[str, int, int | None, dict[str, Any]]] = []


class Found(msgspec.Struct, frozen=True):
    """What the tables say of some addresses and external ids; `people` by root."""

    addresses: dict[Key, tuple[int, int]]
    words: dict[Key, Word]
    external_ids: dict[str, int]
    people: dict[int, Somebody]


class People(msgspec.Struct):
    """What is known, and how it stands after the rows so far. `stored`: ids of the addresses they made, once in."""

    found: Found = msgspec.field(default_factory=lambda: Found({}, {}, {}, {}))
    accounts: dict[str, list[int]] = {}
    tag_names: dict[str, tuple[str, str]] = {}
    by_address: dict[Key, int] = {}
    by_external_id: dict[str, int] = {}
    somebody: dict[int, Somebody] = {}
    words: dict[Key, Word] = {}
    changes: Changes = msgspec.field(default_factory=Changes)
    stored: dict[Key, int] = {}
    born: int = 0


def person(row: Mapping[str, str]) -> Person:
    """What a row says, as far as no table is needed to know. Raises BadInput naming the field."""
    addresses = {
        (type_, normalised(type_, value)): phone.as_typed(value) if type_ == "phone" else ""
        for type_ in ("email", "phone")
        for value in row.get(type_, "").split("|")
        if value.strip()
    }
    if len(row.get("external_id", "")) > MOST_EXTERNAL_ID:
        words = _("An external id has at most %(n)s characters.", n=MOST_EXTERNAL_ID)
        raise BadInput(words, field="external_id")
    role = row.get("role", "").lower()
    if role and role not in ROLES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(ROLES)), field="role")
    if role and not row.get("account"):
        raise BadInput(_("Name the account at which they are this."), field="role")
    return Person(
        external_id=row.get("external_id", ""),
        name=row.get("name", "").strip()[:200],
        language=checked_language(row.get("language", "")),
        job_title=row.get("job_title", "").strip()[:200],
        account=row.get("account", ""),
        role=role,
        tags=[tags.checked(name) for name in row.get("tags", "").split("|") if name.strip()],
        addresses=addresses,
    )


async def look_up(tx: Tx, people: People, rows: Sequence[Person]) -> None:
    """What the tables know of these rows' people, beside what earlier rows made of them."""
    keys = {key for one in rows for key in one.addresses} - people.by_address.keys()
    external_ids = {one.external_id for one in rows if one.external_id} - people.by_external_id.keys()
    found = await find(tx, keys, external_ids)
    people.found = found
    people.by_address.update({key: root for key, (_id, root) in found.addresses.items()})
    people.by_external_id.update(found.external_ids)
    for root, one in found.people.items():
        people.somebody.setdefault(
            root, msgspec.structs.replace(one, tags=dict(one.tags), roles=set(one.roles))
        )
    people.words.update({key: msgspec.structs.replace(one) for key, one in found.words.items()})
    await _look_up_names(tx, people, rows)


async def find(tx: Tx, addresses: Iterable[Key], external_ids: Iterable[str]) -> Found:
    """The known ones of these; the same again, while nobody changed them."""
    asked = sorted(addresses)
    rows = await tx.fetch(
        """
        SELECT a.id, a.type, a.value, c.root_id,
               (SELECT granted FROM consent k WHERE k.address_id = a.id AND k.purpose = 'marketing'
                ORDER BY k.id DESC LIMIT 1) AS marketing,
               coalesce((SELECT NOT granted FROM consent k WHERE k.address_id = a.id AND k.purpose = 'service'
                         ORDER BY k.id DESC LIMIT 1), false) AS stopped
        FROM unnest($1::text[], $2::text[]) AS w (type, value) JOIN address a USING (type, value)
        JOIN contact c ON c.id = a.contact_id
        """,
        [type_ for type_, _value in asked],
        [value for _type, value in asked],
    )
    named = await tx.fetch(
        "SELECT external_id, root_id FROM contact WHERE external_id = ANY($1)", sorted(external_ids)
    )
    return Found(
        addresses={(row["type"], row["value"]): (row["id"], row["root_id"]) for row in rows},
        words={(row["type"], row["value"]): Word(row["marketing"], row["stopped"]) for row in rows},
        external_ids={row["external_id"]: row["root_id"] for row in named},
        people=await _people(tx, {row["root_id"] for row in (*rows, *named)}),
    )


async def _people(tx: Tx, roots: set[int]) -> dict[int, Somebody]:
    if not roots:
        return {}
    rows = await tx.rows(
        Somebody,
        """
        SELECT r.id, r.name, r.language, r.job_title, r.account_id, r.account_standing,
               coalesce((SELECT jsonb_object_agg(plain(t.name), t.name)
                         FROM contact c JOIN contact_tag k ON k.contact_id = c.id JOIN tag t ON t.id = k.tag_id
                         WHERE c.root_id = r.id), '{}') AS tags,
               coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_array(k.account_id, k.role))
                         FROM contact c JOIN contact_role k ON k.contact_id = c.id
                         WHERE c.root_id = r.id), '[]') AS roles
        FROM contact r WHERE r.id = ANY($1) AND r.root_id = r.id
        """,
        sorted(roots),
    )
    return {one.id: one for one in rows}


async def _look_up_names(tx: Tx, people: People, rows: Sequence[Person]) -> None:
    """The accounts and tags they name."""
    accounts = {one.account for one in rows if one.account} - people.accounts.keys()
    if accounts:
        people.accounts.update({name: [] for name in accounts})
        for row in await tx.fetch(
            """
            SELECT w.name, array_agg(a.id) AS ids FROM unnest($1::text[]) AS w (name)
            JOIN account a ON a.external_id = w.name OR a.name = w.name GROUP BY 1
            """,
            sorted(accounts),
        ):
            people.accounts[row["name"]] = row["ids"]
    names = {name for one in rows for name in one.tags} - people.tag_names.keys()
    if names:
        for row in await tx.fetch(
            """
            SELECT w.name, plain(w.name) AS plain, coalesce(t.name, '') AS known
            FROM unnest($1::text[]) AS w (name) LEFT JOIN tag t ON plain(t.name) = plain(w.name)
            """,
            sorted(names),
        ):
            people.tag_names[row["name"]] = row["plain"], row["known"]
