"""Who wrote? A known address is its contact; a company's domain suggests an account; nothing typed decides."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels import phone
from hub.channels.facts import MessageReceived, OptedIn, OptedOut
from hub.customers.free_mail import is_free
from hub.plumbing.db import Tx
from hub.plumbing.sequences import Sequences

NOBODY = "unknown@sender.invalid"  # RFC 2606: a mail without any usable From is kept, under nobody's name
Key = tuple[str, str]


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
    changed: bool = False


class People(msgspec.Struct):
    """What the batch looked up: every sender by (address type, value)."""

    by_key: dict[Key, Sender]


def key(address_type: str, fact: MessageReceived | OptedOut | OptedIn) -> Key:
    """The address a fact came from, as its row is named: two spellings of one telephone are one row."""
    address = fact.sender.address or NOBODY
    return address_type, phone.key(address) if address_type == "phone" else address


async def register(tx: Tx, ids: Sequences, senders: dict[Key, str]) -> None:
    """Rows for addresses nobody has met, each with a contact; sorted, and safe against others doing the same.

    `senders` maps (type, value) to the name it travelled with. An address is inserted before its contact is
    locked, and only an address that was really inserted brings a contact along (INVARIANTS §1, §9).
    """
    order = sorted(senders)
    await tx.execute(
        """
        WITH wanted AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
                AS w (type, value, name, address_id, contact_id)
        ), made AS (
            INSERT INTO address (id, type, value, contact_id, name)
            SELECT address_id, type, value, contact_id, name FROM wanted w
            WHERE NOT EXISTS (SELECT FROM address a WHERE (a.type, a.value) = (w.type, w.value))
            ORDER BY type, value
            ON CONFLICT (type, value) DO NOTHING
            RETURNING contact_id, name, value
        )
        INSERT INTO contact (id, root_id, name, search)
        SELECT contact_id, contact_id, name, concat_ws(' ', nullif(name, ''), value) FROM made
        """,
        [type_ for type_, _ in order],
        [value for _, value in order],
        [senders[one][:200] for one in order],
        [ids.draw("address") for _ in order],
        [ids.draw("contact") for _ in order],
    )


async def lock(tx: Tx, senders: Sequence[Key], root_ids: Sequence[int]) -> None:
    """Lock the root contacts of these senders, and `root_ids`, ascending (INVARIANTS §1.3)."""
    await tx.execute(
        """
        SELECT id FROM contact WHERE id IN (
            SELECT c.root_id FROM unnest($1::text[], $2::text[]) AS w (type, value)
            JOIN address a USING (type, value) JOIN contact c ON c.id = a.contact_id
            UNION ALL
            SELECT unnest($3::bigint[])
        ) ORDER BY id FOR NO KEY UPDATE
        """,
        [type_ for type_, _ in senders],
        [value for _, value in senders],
        list(root_ids),
    )


async def look_up(tx: Tx, senders: Sequence[Key]) -> People:
    """The senders with their people, accounts, and the account their mail domain suggests."""
    rows = await tx.rows(
        Sender,
        """
        SELECT a.id AS address_id, a.type, a.value, a.verified, a.shared, a.contact_id,
               r.id AS root_id, r.name, r.language, r.account_id, r.account_standing AS standing,
               coalesce(acc.name, '') AS account_name, coalesce(acc.tier, '') AS tier,
               acc.owner_id, acc.deputy_id,
               s.id AS suggested_id, coalesce(s.name, '') AS suggested_name,
               coalesce(s.tier, '') AS suggested_tier,
               s.owner_id AS suggested_owner_id, s.deputy_id AS suggested_deputy_id, a.usable
        FROM unnest($1::text[], $2::text[]) AS w (type, value)
        JOIN address a USING (type, value)
        JOIN contact c ON c.id = a.contact_id
        JOIN contact r ON r.id = c.root_id
        LEFT JOIN account acc ON acc.id = r.account_id
        LEFT JOIN account_domain d
               ON r.account_id IS NULL AND NOT a.shared AND d.domain = split_part(a.value, '@', 2)
              AND NOT EXISTS (SELECT FROM account_denial x
                              WHERE x.contact_id = r.id AND x.account_id = d.account_id)
        LEFT JOIN account s ON s.id = d.account_id
        """,
        [type_ for type_, _ in senders],
        [value for _, value in senders],
    )
    return People({(row.type, row.value): row for row in rows})


def decide(people: People, address_type: str, fact: MessageReceived) -> Sender:
    """The sender of a fact; notes a first name, a proven From, that it works, and a suggested account."""
    sender = people.by_key[key(address_type, fact)]
    if fact.verified and not sender.verified:
        sender.verified = sender.changed = True
    if not sender.usable and not fact.automatic:  # it bounced once; somebody writes from it now
        sender.usable = sender.changed = True
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


async def write(tx: Tx, people: People) -> None:
    """What was learnt of the senders, in lock order: addresses, then contacts."""
    changed = [sender for sender in people.by_key.values() if sender.changed]
    if not changed:
        return
    await tx.execute(
        """
        UPDATE address SET verified = w.verified, usable = w.usable,
               why_not = CASE WHEN w.usable THEN '' ELSE why_not END
        FROM (SELECT id FROM address WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS held
        JOIN unnest($1::bigint[], $2::bool[], $3::bool[]) AS w (id, verified, usable) ON w.id = held.id
        WHERE address.id = held.id
        """,
        [sender.address_id for sender in changed],
        [sender.verified for sender in changed],
        [sender.usable for sender in changed],
    )
    roots = {sender.root_id: sender for sender in changed}
    await tx.execute(
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
