"""How often somebody may try: counted in Redis, in this process while Redis is away."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.plumbing.clock import now
from hub.plumbing.errors import TooMany
from hub.plumbing.texts import _

ANSWER_SECONDS = 1.0
"""A Redis that hangs is as good as away: nobody waits longer at the door."""
log = structlog.get_logger(__name__)


class Limits:
    """Fixed windows: `most` tries in `seconds`, per name."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.redis = redis
        self.prefix = f"{prefix}limit:"
        self._here: Counter[str] = Counter()

    async def check(self, name: str, *, most: int, seconds: int) -> None:
        """Count one try. Raises TooMany, with the seconds to wait, past the limit."""
        moment = int(now().timestamp())
        key = f"{self.prefix}{name}:{moment // seconds}"
        if await self._count(key, seconds) > most:
            wait = seconds - moment % seconds
            raise TooMany(_("Too many tries: wait a little and try again."), retry_after=wait)

    async def _count(self, key: str, seconds: int) -> int:
        """All processes' tries; at least this process's own, which are counted even while Redis is away."""
        if len(self._here) > 100_000:
            self._here.clear()
        self._here[key] += 1
        here = self._here[key]
        try:
            pipe = self.redis.pipeline(transaction=False)
            pipe.incr(key)
            pipe.expire(key, seconds + 1)
            async with asyncio.timeout(ANSWER_SECONDS):
                return max(here, int((await pipe.execute())[0]))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("limits counted in this process only", error=str(error))
            return here
