"""Databases for tests that commit: cloned from a template, and put back as they were instead of made anew.

Copying five hundred files for each test costs ten times what emptying the few tables it wrote in does. Putting
back leaves no row, number or page of the test before; a database whose schema was changed, or that has grown,
or in which anything fails, is dropped, and the next test gets a fresh copy. Each database keeps one connection
of ours, on a loop of its own: a new one would have to learn all tables again, which is most of the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from io import BytesIO
from typing import Any, TypeVar

import asyncpg

from tests.fakes.background import BackgroundLoop
from tests.fakes.servers import Servers

T = TypeVar("T")
MOST_BYTES = 4_000_000
"""Of rows: above, a fresh copy is cheaper than emptying."""

SCHEMA = """
    SELECT (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_class)
        || (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute)
        || (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint)
        || (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger)
        || (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc)
        || (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_db_role_setting)
"""
TABLES = """
    SELECT oid::regclass::text AS name, pg_relation_size(oid) AS size
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid
"""
SEQUENCES = """
    SELECT schemaname || '.' || sequencename, coalesce(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences ORDER BY 1
"""
NUMBERING = """
    SELECT setval(name, value, used)
    FROM unnest($1::text[], $2::bigint[], $3::boolean[]) AS numbers(name, value, used)
    WHERE pg_sequence_last_value(name::regclass) IS DISTINCT FROM CASE WHEN used THEN value END
"""
END_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class Clones:
    """The databases of one pytest worker: `take` one, `give_back` when its test is over."""

    def __init__(self, servers: Servers, template: str) -> None:
        self.servers, self.template = servers, template
        self._background = BackgroundLoop("clones")
        self._connections: dict[str, asyncpg.Connection] = {}
        self._free: list[str] = []
        self._made = 0
        self._schema: dict[str, str] = {}
        self._rows: dict[str, bytes] = {}
        self._prints: dict[str, int] = {}
        self._numbers: list[list[object]] = []

    async def take(self) -> str:
        """The name of a database that equals the template."""
        return self._free.pop() if self._free else await self._here(self._clone())

    async def give_back(self, name: str) -> None:
        """Nobody needs what was written in it any more."""
        if await self._here(self._again(name)):
            self._free.append(name)

    async def _here(self, work: Coroutine[Any, Any, T]) -> T:
        """On the loop that our connections live on."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._background.loop))

    async def _clone(self) -> str:
        self._made += 1
        name = f"test_{self.template}_{self._made}"
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY')
        connection = await self._connected(name)
        if not self._rows:
            await self._remember(connection)
        self._schema[name] = await connection.fetchval(SCHEMA)
        return name

    async def _again(self, name: str) -> bool:
        """Whether it equals the template again; else it is gone."""
        try:
            again = await self._put_back(name)
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            OSError,
            TimeoutError,
        ):  # whatever a test did to it
            again = False
        if not again:
            await self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return again

    async def _remember(self, connection: asyncpg.Connection) -> None:
        for table in await connection.fetch(TABLES):
            copy = BytesIO()
            if table["size"]:
                await connection.copy_from_table(table["name"], output=copy, format="binary")
            self._rows[table["name"]] = copy.getvalue()
        self._prints = dict(
            await connection.fetch(_prints(name for name, rows in self._rows.items() if rows))
        )
        self._numbers = [list(column) for column in zip(*await connection.fetch(SEQUENCES), strict=True)]

    async def _put_back(self, name: str) -> bool:
        connection = await self._connected(name)
        async with asyncio.timeout(30):
            while await connection.fetchval(END_OTHERS):
                await asyncio.sleep(0.002)
        if await connection.fetchval(SCHEMA) != self._schema[name]:
            return False
        tables = await connection.fetch(TABLES)
        if sum(table["size"] for table in tables) > MOST_BYTES:
            return False
        await self._fill(connection, await self._written(connection, tables))
        await connection.execute(NUMBERING, *self._numbers)
        return True

    async def _written(self, connection: asyncpg.Connection, tables: Sequence[asyncpg.Record]) -> list[str]:
        """The tables that do not hold what the template holds, or have held more."""
        now = dict(await connection.fetch(_prints(self._prints)))
        grown = [one["name"] for one in tables if one["size"] and one["name"] not in self._prints]
        return grown + [name for name, print_ in self._prints.items() if now[name] != print_]

    async def _fill(self, connection: asyncpg.Connection, tables: Sequence[str]) -> None:
        """Empty the tables down to their last page, and write the template's rows in the template's order."""
        if not tables:
            return
        await connection.execute("SET session_replication_role = replica")  # no foreign keys, no triggers
        await connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))
        await connection.execute(f"VACUUM (SKIP_DATABASE_STATS) {', '.join(tables)}")
        for table in tables:
            if self._rows[table]:
                await connection.copy_to_table(table, source=BytesIO(self._rows[table]), format="binary")

    async def _connected(self, name: str) -> asyncpg.Connection:
        """Ours; a new one where a test ended everybody's."""
        if name not in self._connections or self._connections[name].is_closed():
            self._connections[name] = await asyncpg.connect(
                self.servers.database(name), timeout=30, command_timeout=30
            )
        return self._connections[name]

    async def _admin(self, sql: str) -> None:
        connection = await asyncpg.connect(self.servers.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def _prints(tables: Iterable[str]) -> str:
    """One statement that gives each table's name and a number of its rows in their order."""
    return " UNION ALL ".join(
        f"SELECT '{table}', hashtextextended(coalesce(string_agg(t::text, '' ORDER BY ctid), ''), 0) FROM {table} t"
        for table in tables
    )
