"""Jobs behind one façade: arq carries wake-ups, PostgreSQL carries the work."""

from __future__ import annotations

from typing import Any

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool

QUEUE = "hub:jobs"
POLL_SECONDS = 0.05
JOB_SECONDS = 55
MOST_WAITING = 100
"""Wake-ups; without a worker they would fill Redis, and keep the next worker busy for hours."""


def pack(job: dict[str, Any]) -> bytes:
    """Job payloads travel as msgpack, never pickle."""
    return msgspec.msgpack.encode(job)


def unpack(payload: bytes) -> dict[str, Any]:
    """The other way round."""
    job: dict[str, Any] = msgspec.msgpack.decode(payload)
    # arq expects tuples where msgpack has lists
    return {name: tuple(value) if name == "a" else value for name, value in job.items()}


def redis_settings(url: str) -> RedisSettings:
    """arq's settings for a redis:// or unix:// address, with short timeouts: a dead Redis delays nobody."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 2
    settings.conn_retries = 2
    settings.conn_retry_delay = 0
    return settings


class Jobs:
    """Wakes workers. A lost wake-up costs a second: the sweep finds the rows."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.queue = f"{prefix}{QUEUE}"
        self._arq: ArqRedis | None = None

    async def wake(self, name: str) -> None:
        """Ask any worker to run the job `name` now. Raises redis errors when Redis is away."""
        if self._arq is None:
            self._arq = await create_pool(
                redis_settings(self.url),
                job_serializer=pack,
                job_deserializer=unpack,
                default_queue_name=self.queue,
            )
        if await self._arq.zcard(self.queue) < MOST_WAITING:
            await self._arq.enqueue_job(name, _expires=60)

    async def close(self) -> None:
        """Give the connection back."""
        if self._arq is not None:
            await self._arq.aclose()
            self._arq = None
