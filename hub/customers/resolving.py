"""Who wrote? A known address is its contact; a company's domain suggests an account; nothing typed decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg
import msgspec

from hub.channels import phone
from hub.channels.facts import MessageReceived, OptedIn, OptedOut
from hub.customers.free_mail import is_free
from hub.plumbing.db import Asked, Meanwhile, Tx

NOBODY = "unknown@sender.invalid"  # RFC 2606: a mail without any usable From is kept, under nobody's name
Key = tuple[str, str]
TRIES = 5


class Sender(msgspec.Struct, kw_only=True):
    """An address, its person (the root of merged ones) and their account, as the batch knows them so far."""

    address_id: int
    type: str
    value: str
    verified: bool
    shared: bool
    contact_id: int
    root_id: int
    name: str
    language: str
    account_id: int | None
    standing: str
    account_name: str = ""
    tier: str = ""
    owner_id: int | None = None
    deputy_id: int | None = None
    suggested_id: int | None = None
    suggested_name: str = ""
    suggested_tier: str = ""
    suggested_owner_id: int | None = None
    suggested_deputy_id: int | None = None
    usable: bool = True
    unusable_on: list[str] = []
    works_on: list[str] = []
    changed: bool = False


class People(msgspec.Struct):
    """What the batch looked up: every sender by (address type, value)."""

    by_key: dict[Key, Sender]


def key(address_type: str, fact: MessageReceived | OptedOut | OptedIn) -> Key:
    """The address a fact came from, as its row is named: two spellings of one telephone are one row."""
    address = fact.sender.address or NOBODY
    address_type = getattr(fact, "address_type", "") or address_type
    return address_type, phone.key(address) if address_type == "phone" else address


class Met(msgspec.Struct, frozen=True):
    """Addresses and root contacts that are there and locked."""

    address_ids: list[int]
    locked: frozenset[int]


async def meet(tx: Tx, senders: dict[Key, str], root_ids: Sequence[int]) -> Met:
    """Register who is new, then lock the root contacts of all these senders, and `root_ids`.

    `senders` maps (type, value) to the name it travelled with. All in one statement (INVARIANTS §1, §9): every
    address is there before any contact is locked, ascending, and only an address that was really inserted brings
    a contact along. When somebody else inserted one meanwhile nothing is locked yet, and the next statement sees
    it. Raises Meanwhile when that never ends, and when a contact was merged while we waited for it (§14).
    """
    order = sorted(senders)
    values = (
        [type_ for type_, _ in order],
        [value for _, value in order],
        [senders[one][:200] for one in order],
        list(root_ids),
    )
    for _attempt in range(TRIES):
        row = await tx.record(MEET, *values)
        assert row is not None
        if (found := met(row)) is not None:
            return found
    raise Meanwhile("others register the same addresses all the time")


def met(row: asyncpg.Record) -> Met | None:
    """Out of the columns MET; None when somebody else registers one of them at this moment. Raises Meanwhile."""
    if row["moved"]:
        raise Meanwhile("a contact was merged while we waited for it")
    return None if row["locked"] is None else Met(row["address_ids"], frozenset(row["locked"]))


# Parts of a statement that has `wanted (type, value, name)`, each address once, and `named (id)`, contacts.
# `born` is looked at before any contact is locked; count(*) of it makes sure.
MEETING = """
    known AS MATERIALIZED (
        SELECT a.id, type, value, c.root_id
        FROM wanted w JOIN address a USING (type, value) JOIN contact c ON c.id = a.contact_id
    ), made AS (
        INSERT INTO address (type, value, contact_id, name)
        SELECT type, value, nextval('contact_id_seq'), name FROM wanted w
        WHERE (w.type, w.value) NOT IN (SELECT type, value FROM known)
        ORDER BY type, value
        ON CONFLICT (type, value) DO NOTHING
        RETURNING id, contact_id, name, value
    ), born AS (
        INSERT INTO contact (id, root_id, name, search)
        SELECT contact_id, contact_id, name, concat_ws(' ', nullif(name, ''), value) FROM made
        RETURNING id
    ), complete AS MATERIALIZED (
        SELECT (SELECT count(*) FROM born) + (SELECT count(*) FROM known) = (SELECT count(*) FROM wanted) AS yes
    ), locked AS MATERIALIZED (
        SELECT id, root_id FROM contact
        WHERE (SELECT yes FROM complete)
          AND id = ANY (ARRAY(SELECT root_id FROM known
                              UNION SELECT c.root_id FROM named JOIN contact c ON c.id = named.id))
        ORDER BY id FOR NO KEY UPDATE
    )
"""
MET = """
    CASE WHEN yes THEN ARRAY(SELECT id FROM locked UNION ALL SELECT id FROM born) END AS locked,
    ARRAY(SELECT id FROM known UNION ALL SELECT id FROM made) AS address_ids,
    EXISTS (SELECT FROM locked WHERE root_id <> id) AS moved
"""
MEET = f"""
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS w (type, value, name)
    ), named AS (SELECT unnest($4::bigint[]) AS id), {MEETING}
    SELECT {MET} FROM complete
"""


PERSON = """
    person AS MATERIALIZED (
        SELECT a.id AS address_id, a.type, a.value, a.verified, a.shared, a.usable, a.unusable_on, a.contact_id,
               c.root_id
        FROM address a JOIN contact c ON c.id = a.contact_id
        WHERE a.id = ANY($1)
    )
"""
"""What the look-ups of a batch share (`Tx.several`): those who wrote, by the ids of their addresses."""


def asked() -> dict[str, Asked]:
    """What `known` reads: each PERSON with their account, or the account their mail domain suggests."""
    return {"people": Asked(Sender, PEOPLE)}


def known(found: dict[str, list[Any]], locked: Collection[int]) -> People:
    """The people, out of the answers to `asked`. Raises Meanwhile when one was unmerged before our lock (§14)."""
    people: list[Sender] = found["people"]
    if any(sender.root_id not in locked for sender in people):
        raise Meanwhile("a contact was unmerged while we waited for it")
    return People({(sender.type, sender.value): sender for sender in people})


PEOPLE = """
    SELECT a.address_id, a.type, a.value, a.verified, a.shared, a.contact_id,
           r.id AS root_id, r.name, r.language, r.account_id, r.account_standing AS standing,
           coalesce(acc.name, '') AS account_name, coalesce(acc.tier, '') AS tier,
           acc.owner_id, acc.deputy_id,
           s.id AS suggested_id, coalesce(s.name, '') AS suggested_name,
           coalesce(s.tier, '') AS suggested_tier,
           s.owner_id AS suggested_owner_id, s.deputy_id AS suggested_deputy_id, a.usable, a.unusable_on
    FROM person a
    JOIN contact r ON r.id = a.root_id
    LEFT JOIN account acc ON acc.id = r.account_id
    LEFT JOIN LATERAL (
        SELECT suggested.* FROM account_domain d JOIN account suggested ON suggested.id = d.account_id
        WHERE r.account_id IS NULL AND NOT a.shared AND d.domain = split_part(a.value, '@', 2)
          AND NOT EXISTS (SELECT FROM account_denial x
                          WHERE x.contact_id = r.id AND x.account_id = d.account_id)) AS s ON true
"""


def decide(people: People, address_type: str, kind: str, fact: MessageReceived) -> Sender:
    """The sender of a fact; notes a first name, a proven From, that it works, and a suggested account."""
    sender = people.by_key[key(address_type, fact)]
    if fact.verified and not sender.verified:
        sender.verified = sender.changed = True
    if not sender.usable and not fact.automatic:  # it bounced once; somebody writes from it now
        sender.usable = sender.changed = True
    if kind in sender.unusable_on and kind not in sender.works_on and not fact.automatic:
        sender.works_on.append(kind)
        sender.changed = True
    if fact.sender.name and not sender.name:
        _name(people, sender, fact.sender.name[:200])
    if sender.account_id is None and sender.suggested_id and not is_free(sender.value.rpartition("@")[2]):
        _suggest(people, sender)
    return sender


def _name(people: People, sender: Sender, name: str) -> None:
    """The first name counts, for every address of this person."""
    for one in people.by_key.values():
        if one.root_id == sender.root_id:
            one.name = name
    sender.changed = True


def _suggest(people: People, sender: Sender) -> None:
    """A suggested account routes but grants nothing; every address of this person now shows it."""
    for one in people.by_key.values():
        if one.root_id == sender.root_id:
            one.account_id, one.standing = sender.suggested_id, "suggested"
            one.account_name, one.tier = sender.suggested_name, sender.suggested_tier
            one.owner_id, one.deputy_id = sender.suggested_owner_id, sender.suggested_deputy_id
    sender.changed = True


def write(tx: Tx, people: People) -> None:
    """What was learnt of the senders, in lock order: addresses, then contacts."""
    changed = [sender for sender in people.by_key.values() if sender.changed]
    if not changed:
        return
    tx.together(
        """
        UPDATE address SET verified = w.verified, usable = w.usable,
               unusable_on = array(SELECT unnest(unusable_on) EXCEPT SELECT unnest(string_to_array(w.works_on, ' '))),
               why_not = CASE WHEN w.usable AND unusable_on <@ string_to_array(w.works_on, ' ') THEN ''
                              ELSE why_not END
        FROM (SELECT id FROM address WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS held
        JOIN unnest($1::bigint[], $2::bool[], $3::bool[], $4::text[]) AS w (id, verified, usable, works_on)
             ON w.id = held.id
        WHERE address.id = held.id
        """,
        [sender.address_id for sender in changed],
        [sender.verified for sender in changed],
        [sender.usable for sender in changed],
        [" ".join(sender.works_on) for sender in changed],
    )
    roots = {sender.root_id: sender for sender in changed}
    tx.together(
        """
        UPDATE contact c SET name = CASE WHEN c.name = '' THEN w.name ELSE c.name END,
               search = CASE WHEN c.name = '' THEN concat_ws(' ', w.name, c.search) ELSE c.search END,
               account_id = coalesce(c.account_id, w.account_id),
               account_standing = CASE WHEN c.account_id IS NULL THEN w.standing ELSE c.account_standing END
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) AS w (id, name, account_id, standing)
        WHERE c.id = w.id
        """,
        list(roots),
        [sender.name for sender in roots.values()],
        [sender.account_id for sender in roots.values()],
        [sender.standing for sender in roots.values()],
    )
