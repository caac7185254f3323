"""Ids drawn in blocks before they are needed, so that decisions are pure and batches save a round trip."""

from __future__ import annotations

import asyncio
from collections import deque

from hub.plumbing.db import Connection

BLOCK = 512


class Sequences:
    """Ids of the tables the road in writes. Unused ids are gaps; nothing may read `id > last` (INVARIANTS §5)."""

    def __init__(self, *tables: str) -> None:
        self.tables = tables
        self._waiting: dict[str, deque[int]] = {table: deque() for table in tables}
        self._filling = asyncio.Lock()

    async def fill(self, connection: Connection, need: int) -> None:
        """Draw until every table has at least `need` ids waiting; one statement, usually none.

        They are there for whoever draws before the next await; one fills at a time, so that ids come in order.
        """
        async with self._filling:
            while any(len(ids) < need for ids in self._waiting.values()):
                await self._fill(connection, max(BLOCK, need))

    async def _fill(self, connection: Connection, count: int) -> None:
        columns = [f"nextval('{table}_id_seq')" for table in self.tables]
        rows = await connection.fetch(f"SELECT {', '.join(columns)} FROM generate_series(1, $1)", count)
        for row in rows:
            for table, id_ in zip(self.tables, row, strict=True):
                self._waiting[table].append(id_)

    def left(self, table: str) -> int:
        """How many ids of `table` wait."""
        return len(self._waiting[table])

    def draw(self, table: str) -> int:
        """The next id of `table`."""
        return self._waiting[table].popleft()
