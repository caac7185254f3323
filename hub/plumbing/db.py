"""PostgreSQL: the pool, and a transaction that knows what must happen after its commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import msgspec
import structlog
from asyncpg.pool import PoolConnectionProxy

from hub.plumbing.signals import Signal

T = TypeVar("T")
Connection = asyncpg.Connection | PoolConnectionProxy
log = structlog.get_logger(__name__)

# A transaction that met another's lock or a serialisation failure: the same again is right (INVARIANTS §4).
AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
# PostgreSQL is away or going: nothing was stored.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    OSError,
    TimeoutError,
)


async def open_pool(dsn: str, *, most: int = 16, name: str = "dialogo") -> asyncpg.Pool:
    """A pool of at most `most` connections with our timeouts (INVARIANTS §9): lock 2 s, idle 10 s."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=most,
        init=_prepare,
        timeout=10,
        command_timeout=60,
        server_settings={
            "application_name": name,
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "10000",
            "jit": "off",
            "timezone": "UTC",
        },
    )


async def _prepare(connection: asyncpg.Connection) -> None:
    for type_ in ("jsonb", "json"):
        await connection.set_type_codec(
            type_,
            encoder=lambda value: msgspec.json.encode(value).decode(),
            decoder=msgspec.json.decode,
            schema="pg_catalog",
        )


class Tx:
    """One transaction. Signals, jobs and actions handed to it leave after the commit, never before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.signals: list[Signal] = []
        self.signals_row: int | None = None
        self.wakes: set[str] = set()
        self.actions: list[Callable[[], Awaitable[None]]] = []

    async def execute(self, sql: str, *values: Any) -> int:
        """Run one statement; how many rows it touched."""
        status: str = await self.connection.execute(sql, *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """All rows, as records."""
        return await self.connection.fetch(sql, *values)

    async def record(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """The first row, as a record."""
        return await self.connection.fetchrow(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        return await self.connection.fetchval(sql, *values)

    async def rows(self, shape: type[T], sql: str, *values: Any) -> list[T]:
        """All rows, each as a `shape` whose fields are named like the columns."""
        return [msgspec.convert(dict(row), shape) for row in await self.connection.fetch(sql, *values)]

    async def row(self, shape: type[T], sql: str, *values: Any) -> T | None:
        """The first row as a `shape`, or None."""
        found = await self.connection.fetchrow(sql, *values)
        return None if found is None else msgspec.convert(dict(found), shape)

    def signal(self, kind: str, id: int, topics: list[str], *, lost: list[str] | None = None) -> None:
        """Tell the live pages after the commit; `lost` are topics this thing no longer belongs to."""
        self.signals.append(Signal(kind=kind, id=id, topics=topics, lost=lost or []))

    def wake(self, job: str) -> None:
        """Wake a worker's job after the commit; the rows it works on are in PostgreSQL."""
        self.wakes.add(job)

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` after the commit; not run when the transaction fails."""
        self.actions.append(action)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[Tx]:
    """A READ COMMITTED transaction on a pooled connection; signals get their todo row before the commit."""
    async with pool.acquire() as connection:
        tx = Tx(connection)
        async with connection.transaction():
            yield tx
            if tx.signals:
                await _keep_signals(tx)


async def _keep_signals(tx: Tx) -> None:
    """Signals have a row until they are published, so that a crash only delays them (INVARIANTS §5)."""
    tx.signals_row = await tx.value(
        """
        INSERT INTO todo (kind, payload, lease_until) VALUES ('signal', $1, now() + interval '5 seconds')
        RETURNING id
        """,
        tx.signals,
    )
