"""Two contacts are one person: a link that can be undone, never a copy (INVARIANTS §14)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.customers.addresses import refresh_search
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _

# What the surviving contact takes over where it knows nothing itself; undoing empties it again.
FILLED = ("name", "job_title", "language", "time_zone", "preferred_channel", "notes")


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """One merge: `contact_id` was a person of their own and is part of `into_id` now, with all `members` of theirs."""

    id: int
    contact_id: int
    contact_name: str
    into_id: int
    into_name: str
    members: list[int]
    filled: dict[str, Any]
    agent_name: str | None
    at: datetime
    undone_at: datetime | None


async def merge(tx: Tx, contact_id: int, into_id: int, *, agent_id: int | None) -> Merge:
    """From now on `contact_id` and all merged into them are the person `into_id`.

    Raises NotFound, and Conflict when they are one person already, or one of them is being erased.
    """
    roots = await _lock(tx, contact_id, into_id)
    gone, kept = roots[contact_id], roots[into_id]
    if gone == kept:
        raise Conflict(_("These two are one person already."))
    if await tx.value(
        "SELECT EXISTS (SELECT FROM erasure WHERE gone_at IS NULL AND contact_ids && $1)", [gone, kept]
    ):
        raise Conflict(_("One of these two is being erased: nothing of theirs goes to anybody else."))
    filled = await _fill(tx, gone, kept)
    id_: int = await tx.value(
        """
        WITH moved AS (UPDATE contact SET root_id = $2 WHERE root_id = $1 RETURNING id)
        INSERT INTO merge (contact_id, into_id, members, filled, agent_id)
        SELECT $1, $2, array_agg(id ORDER BY id), $3, $4 FROM moved RETURNING id
        """,
        gone,
        kept,
        filled,
        agent_id,
    )
    await refresh_search(tx, [gone, kept])
    await _note(tx, "contacts_merged", gone, kept, agent_id)
    return await load(tx, id_)


async def unmerge(tx: Tx, merge_id: int, *, agent_id: int | None) -> Merge:
    """They are two people after all; conversations stay as they are (conversations/mixed lists those of both).

    Raises NotFound, and Conflict when it was undone already or the surviving one was merged on meanwhile.
    """
    done = await load(tx, merge_id)
    await _lock(tx, done.contact_id, done.into_id)
    done = await load(tx, merge_id)
    if done.undone_at is not None:
        raise Conflict(_("These two are separate already."))
    if await tx.value("SELECT root_id <> id FROM contact WHERE id = $1", done.into_id):
        raise Conflict(
            _("%(name)s was merged with somebody else since: undo that first.", name=done.into_name)
        )
    await tx.execute(
        "UPDATE contact SET root_id = $1 WHERE id = ANY($2) AND root_id = $3",
        done.contact_id,
        done.members,
        done.into_id,
    )
    await _empty(tx, done)
    await tx.execute("UPDATE merge SET undone_at = now() WHERE id = $1", merge_id)
    await refresh_search(tx, [done.contact_id, done.into_id])
    await _note(tx, "contacts_unmerged", done.contact_id, done.into_id, agent_id)
    return await load(tx, merge_id)


async def load(tx: Tx, merge_id: int) -> Merge:
    """One merge. Raises NotFound."""
    found = await tx.row(Merge, f"{_MERGES} WHERE m.id = $1", merge_id)
    if found is None:
        raise NotFound(_("There is no such merge."))
    return found


async def standing(tx: Tx, contact_id: int) -> Merge:
    """The merge that made this contact part of somebody else. Raises NotFound."""
    found = await tx.row(Merge, f"{_MERGES} WHERE m.contact_id = $1 AND m.undone_at IS NULL", contact_id)
    if found is None:
        raise NotFound(_("This contact is not merged into another one."))
    return found


async def of_contact(tx: Tx, root_id: int) -> list[Merge]:
    """Who is part of this person, newest first."""
    return await tx.rows(
        Merge,
        f"""
        {_MERGES} WHERE m.undone_at IS NULL AND m.contact_id IN (SELECT id FROM contact WHERE root_id = $1)
        ORDER BY m.id DESC
        """,
        root_id,
    )


async def listed(tx: Tx, *, before: int | None = None, most: int = 50) -> list[Merge]:
    """All merges, undone ones too, newest first; `before` is the id of the last one seen."""
    return await tx.rows(
        Merge,
        f"{_MERGES} WHERE $1::bigint IS NULL OR m.id < $1 ORDER BY m.id DESC LIMIT $2",
        before,
        most,
    )


async def _lock(tx: Tx, *contact_ids: int) -> dict[int, int]:
    """Lock both people with everybody merged into them, by id; the root of each. Raises NotFound."""
    roots: dict[int, int] = {}
    while True:  # another merge may have moved them while we waited
        rows = await tx.fetch("SELECT id, root_id FROM contact WHERE id = ANY($1)", list(contact_ids))
        now = {row["id"]: row["root_id"] for row in rows}
        if now.keys() != set(contact_ids):
            raise NotFound(_("There is no such contact."))
        if now == roots:
            return roots
        roots = now
        await tx.execute(
            "SELECT FROM contact WHERE root_id = ANY($1) ORDER BY id FOR NO KEY UPDATE", [*roots.values()]
        )


async def _fill(tx: Tx, gone: int, kept: int) -> dict[str, Any]:
    """What the surviving contact did not know and the other did; written there."""
    rows = {
        row["id"]: row for row in await tx.fetch("SELECT * FROM contact WHERE id IN ($1, $2)", gone, kept)
    }
    filled = {name: rows[gone][name] for name in FILLED if rows[gone][name] and not rows[kept][name]}
    if rows[gone]["account_id"] and not rows[kept]["account_id"]:
        filled |= {name: rows[gone][name] for name in ("account_id", "account_standing")}
    if filled:
        await tx.execute(
            """
            UPDATE contact c SET name = w.name, job_title = w.job_title, language = w.language,
                   time_zone = w.time_zone, preferred_channel = w.preferred_channel, notes = w.notes,
                   account_id = w.account_id, account_standing = w.account_standing
            FROM (SELECT (jsonb_populate_record(k, $2)).* FROM contact k WHERE k.id = $1) AS w WHERE c.id = w.id
            """,
            kept,
            filled,
        )
    return filled


async def _empty(tx: Tx, done: Merge) -> None:
    """What the surviving one took over and nobody changed since is theirs no more."""
    row = await tx.record("SELECT * FROM contact WHERE id = $1", done.into_id)
    assert row is not None
    same = {name for name, value in done.filled.items() if row[name] == value}
    if not {"account_id", "account_standing"} <= same:  # confirmed or changed by somebody: it stays
        same -= {"account_id", "account_standing"}
    await tx.execute(
        """
        UPDATE contact SET name = CASE WHEN 'name' = ANY($2) THEN '' ELSE name END,
               job_title = CASE WHEN 'job_title' = ANY($2) THEN '' ELSE job_title END,
               language = CASE WHEN 'language' = ANY($2) THEN '' ELSE language END,
               time_zone = CASE WHEN 'time_zone' = ANY($2) THEN '' ELSE time_zone END,
               preferred_channel = CASE WHEN 'preferred_channel' = ANY($2) THEN '' ELSE preferred_channel END,
               notes = CASE WHEN 'notes' = ANY($2) THEN '' ELSE notes END,
               account_id = CASE WHEN 'account_id' = ANY($2) THEN NULL ELSE account_id END,
               account_standing = CASE WHEN 'account_id' = ANY($2) THEN '' ELSE account_standing END
        WHERE id = $1
        """,
        done.into_id,
        sorted(same),
    )


async def _note(tx: Tx, verb: str, gone: int, kept: int, agent_id: int | None) -> None:
    await history.record(tx, verb, agent_id=agent_id, contact_id=kept, other=gone)
    tx.signal("contact", kept, [f"contact:{kept}", f"contact:{gone}"])


_MERGES = """
    SELECT m.id, m.contact_id, m.into_id, m.members, m.filled, g.name AS agent_name, m.at, m.undone_at,
           coalesce(nullif(c.name, ''), (SELECT value FROM address WHERE contact_id = c.id ORDER BY id LIMIT 1), '')
               AS contact_name,
           coalesce(nullif(r.name, ''), (SELECT value FROM address WHERE contact_id = r.id ORDER BY id LIMIT 1), '')
               AS into_name
    FROM merge m JOIN contact c ON c.id = m.contact_id JOIN contact r ON r.id = m.into_id
    LEFT JOIN agent g ON g.id = m.agent_id
"""
