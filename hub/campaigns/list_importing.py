"""Large files of people go into their list by a worker, some hundred rows a commit: a crash repeats none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec

from hub.campaigns import list_rows, lists
from hub.campaigns.list_columns import Plan, checked
from hub.campaigns.list_rows import Read
from hub.campaigns.lists import MOST_ERRORS
from hub.customers import importing, importing_files
from hub.customers.importing import RowError
from hub.customers.importing_files import Row, Source
from hub.plumbing import todo
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

TODO = "list_import"
MOST_ROWS = 1_000_000
AT_ONCE = importing.AT_ONCE


class Importing(msgspec.Struct, frozen=True, kw_only=True):
    """One file on its way into a list. Of its `rows`, `seen` were looked at: `done` of them are in, `wrong` not.

    `new`, `agreed`, `kept_out`: as of lists.Taken. `errors`: the first ones. `why`: what ended it early.
    """

    id: int
    list_id: int
    list_name: str
    name: str
    rows: int
    done: int
    new: int
    wrong: int
    agreed: int
    kept_out: int
    errors: list[RowError]
    why: str
    agent_name: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def seen(self) -> int:
        """Rows that are in, or wrong."""
        return self.done + self.wrong


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs of it."""

    id: int
    list_id: int
    agent_id: int | None
    file: str | None
    plan: Plan
    position: int
    finished_at: datetime | None


async def begin(
    hub: Hub, list_id: int, source: Source, plan: Plan, *, name: str = "", agent_id: int | None = None
) -> Importing:
    """Keep the file and let a worker take it in. Raises NotFound, and BadInput for the whole file or plan."""
    rows = await asyncio.to_thread(_walked, source, plan)
    raw = source if isinstance(source, bytes) else await asyncio.to_thread(source.read_bytes)
    key = await hub.files.put(raw)
    async with hub.transaction() as tx:
        await lists.grow(tx, list_id, checked(importing_files.sheet(source)[0], plan), agent_id=agent_id)
        id_ = await tx.value(
            """
            INSERT INTO contact_list_import (list_id, agent_id, name, file, plan, rows)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
            """,
            list_id,
            agent_id,
            name[:200],
            key,
            msgspec.to_builtins(plan),
            rows,
        )
        await todo.add(tx, TODO, id_)
        tx.wake("todo")
        return await load(tx, id_)


async def load(tx: Tx, import_id: int) -> Importing:
    """One of them. Raises NotFound."""
    found = await tx.row(Importing, f"{_SELECTED} WHERE i.id = $1", import_id)
    if found is None:
        raise NotFound(_("There is no such import."))
    return found


async def listed(
    tx: Tx, list_id: int | None = None, *, before: int | None = None, most: int = 50
) -> list[Importing]:
    """Those of a list, or of all, the newest first, before id `before`."""
    return await tx.rows(
        Importing,
        f"""
        {_SELECTED} WHERE ($1::bigint IS NULL OR i.list_id = $1) AND ($2::bigint IS NULL OR i.id < $2)
        ORDER BY i.id DESC LIMIT $3
        """,
        list_id,
        before,
        most,
    )


async def turn(hub: Hub, import_id: int, *, until: float) -> bool:
    """Go on until this moment of the monotonic clock; whether it is finished. Any number of workers may.

    The row of the import is locked for each commit and says which rows of the file are done.
    """
    async with hub.transaction() as tx:
        work = await tx.row(
            _Work,
            "SELECT id, list_id, agent_id, file, plan, position, finished_at FROM contact_list_import WHERE id = $1",
            import_id,
        )
    if work is None or work.finished_at is not None or work.file is None:
        return True
    try:
        rows = await asyncio.to_thread(_behind, hub, work)
    except NotFound as error:  # a backup without its files
        await hub.retrying(partial(_finish, import_id=work.id, why=error.message))
        return True
    batch = await asyncio.to_thread(_next, rows, work.plan)
    while batch:
        then = asyncio.create_task(
            asyncio.to_thread(_next, rows, work.plan)
        )  # while the database is at this one
        try:
            if not await hub.retrying(partial(_store, work=work, batch=batch)):
                return False  # another worker is at it, and further
        finally:
            batch = await then
        if monotonic() > until:
            return False
    await hub.retrying(partial(_finish, import_id=work.id))
    return True


async def _store(tx: Tx, work: _Work, batch: Sequence[Read]) -> bool:
    """These rows, and that they are done; False when somebody else did them."""
    position = await tx.value("SELECT position FROM contact_list_import WHERE id = $1 FOR UPDATE", work.id)
    if position is None or position >= batch[0].number:
        return False
    taken = await list_rows.store(tx, work.list_id, batch, work.agent_id)
    await tx.execute(
        """
        UPDATE contact_list_import
        SET position = $2, done = done + $3, new = new + $4, wrong = wrong + $5, agreed = agreed + $6,
            kept_out = kept_out + $7,
            errors = CASE WHEN jsonb_array_length(errors) < $9 THEN errors || $8::jsonb ELSE errors END
        WHERE id = $1
        """,
        work.id,
        batch[-1].number,
        taken.done,
        taken.new,
        taken.wrong,
        taken.agreed,
        taken.kept_out,
        msgspec.to_builtins(taken.errors),
        MOST_ERRORS,
    )
    return True


async def _finish(tx: Tx, import_id: int, why: str = "") -> None:
    """The file is needed no more: nobody names it, so it is collected."""
    await tx.execute(
        """
        UPDATE contact_list_import SET finished_at = now(), file = NULL, why = $2
        WHERE id = $1 AND finished_at IS NULL
        """,
        import_id,
        why[:500],
    )


def _walked(source: Source, plan: Plan) -> int:
    """How many rows; what makes the whole file unusable is known before its first row is stored."""
    walked = sum(
        len(chunk) for chunk in lists.chunks(source, plan, MOST_ROWS, most_bytes=importing.MOST_BYTES)
    )
    if not walked:
        raise BadInput(_("The file has no rows."), field="file")
    return walked


def _behind(hub: Hub, work: _Work) -> Iterator[tuple[int, Row]]:
    """The rows not looked at yet. Raises NotFound."""
    assert work.file is not None
    return importing_files.sheet(hub.files.path(work.file), after=work.position)[1]


def _next(rows: Iterator[tuple[int, Row]], plan: Plan) -> list[Read]:
    """The next some hundred, understood."""
    return list_rows.read(islice(rows, AT_ONCE), plan)


_SELECTED = """
    SELECT i.id, i.list_id, l.name AS list_name, i.name, i.rows, i.done, i.new, i.wrong, i.agreed, i.kept_out,
           i.errors, i.why, g.name AS agent_name, i.created_at, i.finished_at
    FROM contact_list_import i JOIN contact_list l ON l.id = i.list_id LEFT JOIN agent g ON g.id = i.agent_id
"""
