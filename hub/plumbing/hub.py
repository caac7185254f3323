"""The hub object: everything a process opened once and every verb may need."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from config.settings import Settings
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import AGAIN, Tx, open_pool, transaction, transaction_on
from hub.plumbing.files import Files
from hub.plumbing.jobs import Jobs
from hub.plumbing.limits import Limits
from hub.plumbing.signals import Signals

T = TypeVar("T")
PAUSE_SECONDS = 0.05
LOST = (RedisError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
log = structlog.get_logger(__name__)


class Hub:
    """Settings, database, Redis and files of one process. `open` it once, `close` it at the end."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, redis: Redis, generation: int) -> None:
        prefix = f"hub:{generation}:"
        self.prefix = prefix
        self.settings = settings
        self.pool = pool
        self.redis = redis
        self.crypto = Crypto(settings.secret, generation)
        self.files = Files(Path(settings.data) / "files")
        self.signals = Signals(redis, prefix)
        self.jobs = Jobs(settings.redis_url, prefix)
        self.limits = Limits(redis, prefix)
        self._behind: set[asyncio.Task[None]] = set()
        self._committed: list[Tx] = []
        self._teller: asyncio.Task[None] | None = None
        self._wakes: set[str] = set()
        self._published: list[int | None] = []
        self._tidier: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @classmethod
    async def open(cls, settings: Settings, *, most_connections: int = 16, name: str = "dialogo") -> Hub:
        """Connect. Raises the driver's errors when the database is away; Redis may be away."""
        pool = await open_pool(settings.database_url, most=most_connections, name=name)
        redis = Redis.from_url(
            settings.redis_url,
            socket_timeout=8,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=15,
        )
        generation: int = await pool.fetchval("SELECT generation FROM installation")
        return cls(settings, pool, redis, generation)

    async def close(self) -> None:
        """Wait for what follows the last commits, then give everything back."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self._behind:
                    await asyncio.wait(self._behind)
        await self.jobs.close()
        await self.redis.aclose()
        await asyncio.wait_for(self.pool.close(), timeout=10)

    @asynccontextmanager
    async def transaction(self, own: asyncpg.Connection | None = None) -> AsyncIterator[Tx]:
        """A transaction; what it handed over (signals, wake-ups) leaves right after its commit.

        `own` is a connection outside the pool, for one who needs it all the time.
        """
        async with transaction(self.pool) if own is None else transaction_on(own) as tx:
            yield tx
        self._follow(tx)

    async def retrying(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `verb(tx)` in a transaction; a deadlock or lock timeout is tried again, three times."""
        for attempt in range(3):
            try:
                async with self.transaction() as tx:
                    return await verb(tx)
            except AGAIN as error:
                log.info("transaction repeated", attempt=attempt + 1, error=str(error))
        async with self.transaction() as tx:
            return await verb(tx)

    def _follow(self, tx: Tx) -> None:
        """Behind the commit, not awaited by the caller: a dead Redis delays nobody, the todo row stays."""
        if tx.signals or tx.wakes:
            self._committed.append(tx)
            if self._teller is None or self._teller.done():
                self._teller = self._soon(self._tell())

    def _soon(self, what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(what)
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        return task

    async def _tell(self) -> None:
        """Everything that was committed while the last telling ran goes together, in the order of the commits."""
        while self._committed:
            told, self._committed = self._committed, []
            self._wakes.update(*(tx.wakes for tx in told))
            try:
                await self._publish([tx for tx in told if tx.signals])
            except LOST as error:
                log.warning("wake-up lost, the sweep will do it", error=str(error))
            if self._tidier is None or self._tidier.done():
                self._tidier = self._soon(self._tidy())

    async def _publish(self, told: Sequence[Tx]) -> None:
        if told:
            await self.signals.publish(*(tx.signals for tx in told))
            self._published.extend(tx.signals_row for tx in told)

    async def _tidy(self) -> None:
        """Wake workers at once, then not again for a moment; the rows of what was published go together."""
        while self._wakes or self._published:
            wakes, self._wakes = self._wakes, set()
            try:
                for job in sorted(wakes):
                    await self.jobs.wake(job)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await self._closing.wait()
                if rows := self._published:
                    self._published = []
                    await self.pool.execute("DELETE FROM todo WHERE id = ANY($1)", rows)
            except LOST as error:
                log.warning("not woken or tidied, the sweep will do it", error=str(error))
