"""Lists of people that came as files: who stands in them, and what each file says of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

import msgspec

from hub.campaigns import list_rows
from hub.campaigns.list_columns import Plan, checked
from hub.campaigns.list_rows import Taken
from hub.customers import importing, importing_files
from hub.customers.importing_files import Row, Source
from hub.customers.variables import column
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

MOST_BYTES = 20_000_000
MOST_ROWS = 50_000
SMALL_BYTES = 200_000
"""A file up to this is taken in while somebody waits."""
MOST_ERRORS = 500
"""Told of one file; all are counted."""
CHUNK = 1000


class ContactList(msgspec.Struct, frozen=True, kw_only=True):
    """One list; `columns` are what its file says beside what we know of people, as variables are named."""

    id: int
    name: str
    columns: list[str]
    people: int
    agent_name: str | None
    changed_at: datetime


async def load(tx: Tx, list_id: int) -> ContactList:
    """One list. Raises NotFound."""
    found = await tx.row(ContactList, f"{_SELECTED} WHERE l.id = $1", list_id)
    if found is None:
        raise NotFound(_("There is no such list."))
    return found


async def listed(tx: Tx, *, after: int = 0, most: int = 50) -> list[ContactList]:
    """Lists by id after `after`."""
    return await tx.rows(ContactList, f"{_SELECTED} WHERE l.id > $1 ORDER BY l.id LIMIT $2", after, most)


async def create(tx: Tx, name: str, *, agent_id: int | None = None) -> ContactList:
    """An empty list. Raises BadInput(name), Conflict(name)."""
    if not name.strip():
        raise BadInput(_("The list needs a name."), field="name")
    id_: int | None = await tx.value(
        """
        INSERT INTO contact_list (name, agent_id) VALUES ($1, $2) ON CONFLICT (lower(name)) DO NOTHING RETURNING id
        """,
        name.strip()[:200],
        agent_id,
    )
    if id_ is None:
        raise Conflict(_("Another list has this name."), field="name")
    await history.record(tx, "list_created", agent_id=agent_id, list=id_)
    return await load(tx, id_)


async def named(tx: Tx, name: str) -> int:
    """The list of this name, made when there is none; its id. Raises BadInput(name)."""
    known: int | None = await tx.value(
        "SELECT id FROM contact_list WHERE lower(name) = lower($1)", name.strip()
    )
    return known if known is not None else (await create(tx, name)).id


async def leave(tx: Tx, list_id: int, contact_ids: Sequence[int], *, agent_id: int | None = None) -> int:
    """Take people out of a list, whoever was merged into them too; how many rows."""
    gone = await tx.execute(
        """
        DELETE FROM contact_list_member USING contact c
        WHERE list_id = $1 AND contact_id = c.id AND c.root_id IN (SELECT root_id FROM contact WHERE id = ANY($2))
        """,
        list_id,
        list(contact_ids),
    )
    await history.record(tx, "list_left", agent_id=agent_id, list=list_id, contacts=list(contact_ids))
    return gone


async def values_of(tx: Tx, list_id: int, contact_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """By root: what the list says of these people; of somebody who stands in it twice, the newer row."""
    rows = await tx.fetch(
        """
        SELECT c.root_id, k.fields FROM contact_list_member k JOIN contact c ON c.id = k.contact_id
        WHERE k.list_id = $1 AND c.root_id = ANY($2) ORDER BY c.root_id, c.id
        """,
        list_id,
        list(contact_ids),
    )
    return {row["root_id"]: row["fields"] for row in rows}


async def variables(tx: Tx, list_ids: Sequence[int]) -> frozenset[str]:
    """What wordings call the columns of these lists."""
    rows = await tx.fetch(
        "SELECT DISTINCT unnest(columns) AS name FROM contact_list WHERE id = ANY($1)", list(list_ids)
    )
    return frozenset(column(row["name"]) for row in rows)


async def take_in(
    hub: Hub,
    list_id: int,
    raw: Source,
    plan: Plan,
    *,
    agent_id: int | None = None,
    most: int = MOST_ROWS,
    progress: Callable[[int], None] = lambda n: None,
) -> Taken:
    """Everybody in the file stands in the list from now on; whom we do not know becomes a contact.

    Some hundred rows a transaction, of which a wrong one takes no other along. Raises NotFound, and BadInput for the
    whole file or plan.
    """
    for _chunk in chunks(raw, plan, most):
        pass  # what makes the whole file unusable is known before its first row is stored
    columns = checked(importing_files.sheet(raw)[0], plan)
    async with hub.transaction() as tx:
        await grow(tx, list_id, columns, agent_id=agent_id)
    taken = Taken()
    for chunk in chunks(raw, plan, most):
        for batch in (chunk[at : at + importing.AT_ONCE] for at in range(0, len(chunk), importing.AT_ONCE)):
            rows = list_rows.read(batch, plan)
            store = partial(list_rows.store, list_id=list_id, rows=rows, agent_id=agent_id)
            taken.add(await hub.retrying(store), most=MOST_ERRORS)
            progress(len(rows))
    return taken


def is_large(source: Source) -> bool:
    """Such that nobody waits for it: a worker takes it in (list_importing)."""
    return importing_files.size(source) > SMALL_BYTES


async def grow(tx: Tx, list_id: int, columns: Sequence[str], *, agent_id: int | None) -> None:
    """A file with these columns of its own is taken in. Raises NotFound."""
    await load(tx, list_id)
    await tx.execute(
        """
        UPDATE contact_list SET changed_at = now(),
               columns = columns || ARRAY(SELECT one FROM unnest($2::text[]) AS one WHERE one <> ALL(columns))
        WHERE id = $1
        """,
        list_id,
        list(columns),
    )
    await history.record(tx, "list_imported", agent_id=agent_id, list=list_id)


def chunks(
    raw: Source, plan: Plan, most: int, *, most_bytes: int = MOST_BYTES
) -> Iterator[list[tuple[int, Row]]]:
    """Rows of a file, a thousand at once. Raises BadInput for the whole file or plan."""
    if importing_files.size(raw) > most_bytes:
        raise BadInput(
            _("The file is larger than %(most)s MB: split it.", most=most_bytes // 1_000_000), field="file"
        )
    headings, rows = importing_files.sheet(raw)
    checked(headings, plan)
    chunk: list[tuple[int, Row]] = []
    for count, numbered in enumerate(rows, 1):
        if count > most:
            raise BadInput(_("The file has more than %(most)s rows: split it.", most=most), field="file")
        chunk.append(numbered)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


_SELECTED = """
    SELECT l.id, l.name, l.columns, g.name AS agent_name, l.changed_at,
           (SELECT count(DISTINCT c.root_id) FROM contact_list_member k JOIN contact c ON c.id = k.contact_id
            WHERE k.list_id = l.id) AS people
    FROM contact_list l LEFT JOIN agent g ON g.id = l.agent_id
"""
