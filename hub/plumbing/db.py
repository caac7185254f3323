"""PostgreSQL: the pool, and a transaction that knows what must happen after its commit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar

import asyncpg
import msgspec
import structlog
from asyncpg.pool import PoolConnectionProxy

from hub.plumbing.signals import Signal

T = TypeVar("T")
Connection = asyncpg.Connection | PoolConnectionProxy
log = structlog.get_logger(__name__)


class Meanwhile(Exception):
    """Somebody changed, before our lock, what the lock was chosen by: nothing is written, the same again is right."""


# A transaction that met another's lock or a serialisation failure: the same again is right (INVARIANTS §4).
AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    Meanwhile,
)
# PostgreSQL is away or going: nothing was stored.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InternalClientError,  # the driver no longer knows where it stands in the protocol
    OSError,
    TimeoutError,
)


# INVARIANTS §9.
SESSION = {
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    "jit": "off",
    "timezone": "UTC",
}


BY_KEYS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


async def open_pool(dsn: str, *, most: int = 16, name: str = "dialogo") -> asyncpg.Pool:
    """A pool of at most `most` connections with our timeouts (INVARIANTS §9): lock 2 s, idle 10 s."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=most,
        init=_prepare,
        reset=_nothing_to_reset,
        timeout=10,
        command_timeout=60,
        max_cacheable_statement_size=0,
        server_settings={"application_name": name, **SESSION},
    )


async def _nothing_to_reset(connection: asyncpg.Connection) -> None:
    """We only SET LOCAL, and the driver rolls back what is open: its RESET ALL would be one more round trip."""


async def open_connection(dsn: str, *, name: str) -> asyncpg.Connection:
    """A connection of one's own for one who always asks for few rows by their keys: planned once, by index.

    Such plans stay right while the tables grow. Raises the driver's errors when the database is away.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=10,
        command_timeout=60,
        max_cacheable_statement_size=0,
        server_settings={"application_name": name, **SESSION, **BY_KEYS},
    )
    await _prepare(connection)
    return connection


async def _prepare(connection: asyncpg.Connection) -> None:
    for type_ in ("jsonb", "json"):
        await connection.set_type_codec(
            type_,
            encoder=as_json,
            decoder=msgspec.json.decode,
            schema="pg_catalog",
        )


def as_json(value: Any) -> str:
    """A value as PostgreSQL takes JSON; a row type's columns take it as text, to be cast."""
    return msgspec.json.encode(value).decode()


class Asked(msgspec.Struct, frozen=True):
    """A SELECT that may travel with others (`Tx.several`); `shape` has a field for each of its columns."""

    shape: type
    sql: str
    values: tuple[Any, ...] = ()


class Tx:
    """One transaction. Signals and jobs handed to it leave after the commit, never before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.signals: list[Signal] = []
        self.signals_row: int | None = None
        self.wakes: set[str] = set()
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    async def execute(self, sql: str, *values: Any) -> int:
        """Run one statement; how many rows it touched."""
        await self.settle()
        status: str = await self.connection.execute(sql, *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """All rows, as records."""
        await self.settle()
        return await self.connection.fetch(sql, *values)

    async def record(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """The first row, as a record."""
        await self.settle()
        return await self.connection.fetchrow(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        await self.settle()
        return await self.connection.fetchval(sql, *values)

    async def rows(self, shape: type[T], sql: str, *values: Any) -> list[T]:
        """All rows, each as a `shape` whose fields are named like the columns."""
        return [msgspec.convert(dict(row), shape) for row in await self.fetch(sql, *values)]

    async def row(self, shape: type[T], sql: str, *values: Any) -> T | None:
        """The first row as a `shape`, or None."""
        found = await self.record(sql, *values)
        return None if found is None else msgspec.convert(dict(found), shape)

    def together(self, sql: str, *values: Any) -> None:
        """A write that nobody waits for: it travels with its neighbours, before the next statement or the commit.

        One INSERT, UPDATE or DELETE each. Those that travel together see the tables as they were before all
        of them: none may look for, or change, a row that another of them writes.
        """
        self._waiting.append((sql, values))

    async def settle(self) -> None:
        """Send what waits to travel together."""
        if self._waiting:
            *others, (sql, values) = self._waiting
            self._waiting = []
            whole, all_values = _one_statement(others, sql, values)
            await self.connection.execute(whole, *all_values)

    async def several(
        self, asked: dict[str, Asked], *, given: str = "", values: tuple[Any, ...] = ()
    ) -> dict[str, list[Any]]:
        """The rows of several SELECTs of one moment, in one round trip, by name; each row as its shape.

        `given`: what all of them may read, as `name AS (SELECT …)` with its own `values`.
        """
        await self.settle()
        parts = tuple((one.sql, len(one.values)) for one in asked.values())
        question = _question(parts, given, len(values))
        values = (*values, *(value for one in asked.values() for value in one.values))
        found = await self.connection.fetchrow(question, *values)
        assert found is not None
        return {
            name: _decoder(one.shape).decode(text) if text else []
            for (name, one), text in zip(asked.items(), found, strict=True)
        }

    def signal(self, kind: str, id: int, topics: list[str], *, lost: list[str] | None = None) -> None:
        """Tell the live pages after the commit; `lost` are topics this thing no longer belongs to."""
        self.signals.append(Signal(kind=kind, id=id, topics=topics, lost=lost or []))

    def wake(self, job: str) -> None:
        """Wake a worker's job after the commit; the rows it works on are in PostgreSQL."""
        self.wakes.add(job)

    async def end(self) -> None:
        """Before the commit: what still waits, and the row that keeps the signals until they are published.

        Signals have a row so that a crash only delays them (INVARIANTS §5).
        """
        if not self.signals:
            await self.settle()
            return
        whole, values = _one_statement(self._waiting, KEEP_SIGNALS, (self.signals,))
        self._waiting = []
        self.signals_row = await self.connection.fetchval(whole, *values)


KEEP_SIGNALS = """
    INSERT INTO todo (kind, payload, lease_until) VALUES ('signal', $1, now() + interval '5 seconds')
    RETURNING id
"""


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[Tx]:
    """A READ COMMITTED transaction on a pooled connection."""
    async with pool.acquire() as connection, transaction_on(connection) as tx:
        yield tx


@asynccontextmanager
async def transaction_on(connection: Connection) -> AsyncIterator[Tx]:
    """The same on a connection of one's own."""
    tx = Tx(connection)
    with _cancelled_stays_cancelled():
        async with connection.transaction():
            yield tx
            await tx.end()


@contextmanager
def _cancelled_stays_cancelled() -> Iterator[None]:
    """A task that is told to end ends, even when nobody is left to roll back for it.

    The driver's complaint about that would stand in for the CancelledError, and loops that log errors go on for ever.
    """
    try:
        yield
    except Exception as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling() and _came_of_cancelling(error):
            raise asyncio.CancelledError from error
        raise


def _came_of_cancelling(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, asyncio.CancelledError):
        error = error.__context__
    return error is not None


def _one_statement(
    others: list[tuple[str, tuple[Any, ...]]], sql: str, values: tuple[Any, ...]
) -> tuple[str, list[Any]]:
    """`sql` with the other writes before it; its own answer is the answer of all."""
    whole = _composed(tuple((one, len(given)) for one, given in others), sql)
    return whole, [*(value for _, given in others for value in given), *values]


@lru_cache(maxsize=500)
def _composed(others: tuple[tuple[str, int], ...], sql: str) -> str:
    parts, shift = [], 0
    for number, (one, count) in enumerate(others):
        parts.append(f"together_{number} AS ({_shifted(one, shift)})")
        shift += count
    return f"WITH {', '.join(parts)} {_shifted(sql, shift)}" if parts else sql


@cache
def _decoder(shape: type[T]) -> msgspec.json.Decoder[list[T]]:
    return msgspec.json.Decoder(list[shape])  # type: ignore[valid-type]


@lru_cache(maxsize=500)
def _question(parts: tuple[tuple[str, int], ...], given: str, shift: int) -> str:
    """Each SELECT as one JSON text: a struct is read from it faster than from a row."""
    columns = []
    for sql, count in parts:
        columns.append(f"(SELECT json_agg(one)::text FROM ({_shifted(sql, shift)}) AS one)")
        shift += count
    return f"{f'WITH {given} ' if given else ''}SELECT {', '.join(columns)}"


def _shifted(sql: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + by}", sql) if by else sql
