"""What a file of people would do, row by row, without doing it: nothing is written, nobody is locked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice

from hub.campaigns import list_rows
from hub.campaigns.list_columns import Plan
from hub.campaigns.list_rows import Taken
from hub.campaigns.lists import CHUNK, MOST_BYTES, MOST_ERRORS, MOST_ROWS, chunks
from hub.customers import importing
from hub.customers.importing_files import Row, Source
from hub.customers.importing_people import Changes, People
from hub.plumbing.hub import Hub

LOOKED_AT = 5_000
"""Rows of a large file that are tried."""


async def dry_run(
    hub: Hub, raw: Source, plan: Plan, *, most: int = MOST_ROWS, most_bytes: int = MOST_BYTES
) -> Taken:
    """What `lists.take_in` would do with this file, without doing it. Raises BadInput for the whole file or plan."""
    return await _tried(hub, plan, chunks(raw, plan, most, most_bytes=most_bytes))


async def look_at(hub: Hub, raw: Source, plan: Plan) -> Taken:
    """The same for the first rows of a file of any size."""
    first = islice(chunks(raw, plan, MOST_ROWS, most_bytes=importing.MOST_BYTES), LOOKED_AT // CHUNK)
    return await _tried(hub, plan, await asyncio.to_thread(list, first))


async def _tried(hub: Hub, plan: Plan, looked_at: Iterable[list[tuple[int, Row]]]) -> Taken:
    """Later rows see whom earlier ones would have made."""
    taken, people = Taken(), People()
    for chunk in looked_at:
        rows = list_rows.read(chunk, plan)
        async with hub.transaction() as tx:
            await list_rows.look_up(tx, people, rows)
        taken.add(list_rows.decide(people, rows).taken, most=MOST_ERRORS)
        people.changes = Changes()
    return taken
