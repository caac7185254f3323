"""Live notices after a commit: one Redis stream, a cursor that notices when it can no longer be trusted."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

MOST_ENTRIES = 200_000
BLOCK_MS = 5_000


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed and who may care: `topics` it belongs to now, `lost` those it no longer belongs to."""

    kind: str
    id: int
    topics: list[str]
    lost: list[str] = []


class Stale(Exception):
    """The cursor cannot be replayed: another run, another epoch, or older than the stream."""


class Signals:
    """Publishes and follows signals. A cursor is `run.epoch.entry` (INVARIANTS §8)."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.redis = redis
        self.stream = f"{prefix}signals"
        self.epoch_key = f"{prefix}signals:epoch"

    async def publish(self, *commits: Sequence[Signal]) -> None:
        """Put the signals of each commit on the stream, in order, as one entry: they are seen together."""
        pipe = self.redis.pipeline(transaction=False)
        for signals in commits:
            entry: dict[Any, Any] = {"s": msgspec.msgpack.encode(signals)}
            pipe.xadd(self.stream, entry, maxlen=MOST_ENTRIES, approximate=True)
        await pipe.execute()

    async def cursor(self) -> str:
        """Where the stream ends now. Pages read it before their first SELECT."""
        run = await self._run()
        newest = await self.redis.xrevrange(self.stream, count=1)
        return f"{run}.{newest[0][0].decode() if newest else '0-0'}"

    async def since(self, cursor: str, *, most: int = 2_000) -> list[tuple[str, Signal]]:
        """Signals after `cursor`, oldest first, each with its own cursor.

        Raises Stale when they are not all there: refetch instead.
        """
        run, entry = await self._checked(cursor)
        found = await self.redis.xrange(self.stream, min=f"({entry}", count=most + 1)
        if len(found) > most:
            raise Stale("too far behind")
        return [(f"{run}.{id.decode()}", signal) for id, fields in found for signal in _read(fields)]

    async def follow(self, cursor: str) -> AsyncIterator[list[tuple[str, Signal]]]:
        """Batches of signals after `cursor`, for ever; an empty batch means nothing came for 5 s.

        Raises Stale when Redis was restarted or flushed.
        """
        while True:
            run, entry = await self._checked(cursor)
            answer = await self.redis.xread({self.stream: entry}, count=500, block=BLOCK_MS)
            batch = [
                (f"{run}.{id.decode()}", signal)
                for _stream, found in answer
                for id, fields in found
                for signal in _read(fields)
            ]
            if batch:
                cursor = batch[-1][0]
            yield batch

    async def _checked(self, cursor: str) -> tuple[str, str]:
        run, _, entry = cursor.rpartition(".")
        now = await self._run()
        if run != now:
            raise Stale("another run or epoch")
        if entry != "0-0":
            oldest = await self.redis.xrange(self.stream, count=1)
            if not oldest or _number(oldest[0][0].decode()) > _number(entry):
                raise Stale("older than the stream")
        return now, entry

    async def _run(self) -> str:
        pipe = self.redis.pipeline(transaction=False)
        pipe.set(self.epoch_key, secrets.token_hex(4), nx=True)
        pipe.get(self.epoch_key)
        pipe.info("server")
        _, epoch, info = await pipe.execute()
        return f"{info['run_id'][:12]}.{epoch.decode()}"


def _read(fields: dict[bytes, bytes]) -> list[Signal]:
    return msgspec.msgpack.decode(fields[b"s"], type=list[Signal])


def _number(entry: str) -> tuple[int, int]:
    milliseconds, _, n = entry.partition("-")
    return int(milliseconds), int(n)
