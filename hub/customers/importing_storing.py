"""What rows of a file made of people (importing_people) goes into the tables, one statement each."""

from __future__ import annotations

from hub.customers import rolling_up
from hub.customers.addresses import refresh_search
from hub.customers.importing_people import Key, People, find
from hub.plumbing import history
from hub.plumbing.db import Meanwhile, Tx


async def store(tx: Tx, people: People) -> dict[int, int]:
    """Write all of it; the ids of those who were not stored yet, by the number they had.

    In lock order (INVARIANTS §9): addresses, then contacts. Raises Meanwhile when somebody changed what was looked up.
    """
    drawn = await _drawn(tx, people)
    await _addresses(tx, people, drawn)
    await _born(tx, people)
    await _lock(tx, people)
    await _changed(tx, people)
    await _tags(tx, people)
    await _roles(tx, people)
    await history.record_contacts(
        tx,
        [(verb, drawn.get(id_, id_), account, told) for verb, id_, account, told in people.changes.history],
    )
    for id_ in sorted({id_ for _verb, id_, _account, _told in people.changes.history if id_ > 0}):
        tx.signal("contact", id_, [f"contact:{id_}"])
    return drawn


async def _drawn(tx: Tx, people: People) -> dict[int, int]:
    born = people.changes.born
    if not born:
        return {}
    rows = await tx.fetch("SELECT nextval('contact_id_seq') AS id FROM generate_series(1, $1)", len(born))
    drawn = {one.id: row["id"] for one, row in zip(born, rows, strict=True)}
    for one in born:
        one.id = drawn[one.id]
    return drawn


async def _addresses(tx: Tx, people: People, drawn: dict[int, int]) -> None:
    made = sorted(people.changes.addresses.items())
    if made:
        rows = await tx.fetch(
            """
            INSERT INTO address (type, value, contact_id, verified, source, spelled)
            SELECT type, value, contact_id, true, 'import', spelled
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                 WITH ORDINALITY AS w (type, value, contact_id, spelled, place)
            ORDER BY place ON CONFLICT (type, value) DO NOTHING RETURNING id, type, value, contact_id
            """,
            [type_ for (type_, _value), _whose in made],
            [value for (_type, value), _whose in made],
            [drawn.get(whose, whose) for _key, (whose, _spelled) in made],
            [spelled for _key, (_whose, spelled) in made],
        )
        if len(rows) < len(made):
            raise Meanwhile("somebody else brought one of these addresses")
        people.stored.update({(row["type"], row["value"]): row["id"] for row in rows})
    if spelled := people.changes.spelled:
        await tx.execute(
            """
            UPDATE address SET spelled = w.spelled
            FROM (SELECT id, type, value FROM address
                  WHERE (type, value) IN (SELECT * FROM unnest($1::text[], $2::text[]))
                  ORDER BY id FOR NO KEY UPDATE) AS held
            JOIN unnest($1::text[], $2::text[], $3::text[]) AS w (type, value, spelled) USING (type, value)
            WHERE address.id = held.id
            """,
            [type_ for type_, _value in spelled],
            [value for _type, value in spelled],
            list(spelled.values()),
        )


async def _born(tx: Tx, people: People) -> None:
    """By external id, as whoever else brings the same people does."""
    born = sorted(people.changes.born, key=lambda one: (one.external_id or "", one.id))
    if not born:
        return
    found_by: dict[int, list[str]] = {}
    for (_type, value), (whose, _spelled) in sorted(people.changes.addresses.items()):
        found_by.setdefault(people.somebody[whose].id, []).append(value)
    made = await tx.execute(
        """
        INSERT INTO contact (id, root_id, name, account_id, account_standing, language, job_title, external_id, search)
        SELECT id, id, name, account_id, account_standing, language, job_title, external_id, search
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
             WITH ORDINALITY
             AS w (id, name, account_id, account_standing, language, job_title, external_id, search, place)
        ORDER BY place ON CONFLICT (external_id) DO NOTHING
        """,
        [one.id for one in born],
        [one.name for one in born],
        [one.account_id for one in born],
        [one.account_standing for one in born],
        [one.language for one in born],
        [one.job_title for one in born],
        [one.external_id for one in born],
        [" ".join(part for part in (one.name, *found_by.get(one.id, [])) if part) for one in born],
    )
    if made < len(born):
        raise Meanwhile("somebody else brought one of these people")
    await rolling_up.mark(tx, [one.id for one in born if one.id not in found_by])


async def _lock(tx: Tx, people: People) -> None:
    """Whoever is known is locked, and still is who they were when they were looked up."""
    found = people.found
    if not found.people:
        return
    await tx.execute(
        "SELECT id FROM contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", sorted(found.people)
    )
    if await find(tx, found.addresses, found.external_ids) != found:
        raise Meanwhile("somebody else changed one of these people")


async def _changed(tx: Tx, people: People) -> None:
    changed = list(people.changes.changed.values())
    if changed:
        await tx.execute(
            """
            UPDATE contact SET name = w.name, language = w.language, job_title = w.job_title,
                   account_id = w.account_id, account_standing = w.account_standing
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
                 AS w (id, name, language, job_title, account_id, account_standing)
            WHERE contact.id = w.id
            """,
            [one.id for one in changed],
            [one.name for one in changed],
            [one.language for one in changed],
            [one.job_title for one in changed],
            [one.account_id for one in changed],
            [one.account_standing for one in changed],
        )
    if people.changes.searched:
        await refresh_search(tx, sorted(people.changes.searched))


async def _tags(tx: Tx, people: People) -> None:
    """Names that differ only in case or accents are one tag; the plain name of each is reckoned once."""
    if not (tagged := people.changes.tags):
        return
    names = sorted({name for _whose, name in tagged})
    await tx.execute(
        """
        INSERT INTO tag (name) SELECT DISTINCT ON (plain(one)) one FROM unnest($1::text[]) AS one ORDER BY plain(one)
        ON CONFLICT DO NOTHING
        """,
        names,
    )
    rows = await tx.fetch(
        "SELECT w.name, t.id FROM unnest($1::text[]) AS w (name) JOIN tag t ON plain(t.name) = plain(w.name)",
        names,
    )
    ids = {row["name"]: row["id"] for row in rows}
    given = sorted((people.somebody[whose].id, ids[name]) for whose, name in tagged)
    await tx.execute(
        """
        INSERT INTO contact_tag (contact_id, tag_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])
        ON CONFLICT DO NOTHING
        """,
        [contact for contact, _tag in given],
        [tag for _contact, tag in given],
    )


async def _roles(tx: Tx, people: People) -> None:
    if not (
        given := sorted(
            (people.somebody[whose].id, account, role) for whose, account, role in people.changes.roles
        )
    ):
        return
    await tx.execute(
        """
        INSERT INTO contact_role (contact_id, account_id, role)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING
        """,
        [whose for whose, _account, _role in given],
        [account for _whose, account, _role in given],
        [role for _whose, _account, role in given],
    )


def address_id(people: People, key: Key) -> int:
    """Of an address that is known, or was just stored."""
    return people.stored[key] if key in people.stored else people.found.addresses[key][0]
