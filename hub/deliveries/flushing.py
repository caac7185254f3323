"""One flusher a worker: acknowledgements and next starts of all its sends share one commit (INVARIANTS §6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from hub.deliveries.noting import Result, Start, lock, note, start
from hub.deliveries.states import Changed
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY, Tx
from hub.plumbing.hub import Hub

T = TypeVar("T")
log = structlog.get_logger(__name__)
Tell = Callable[[Tx, Sequence[Changed]], Awaitable[None]]
Waiting = tuple[Start | Result, asyncio.Future[bool]]

MOST_AT_ONCE = 500
AWAY_PAUSE_SECONDS = 0.2


class Lost(Exception):
    """The attempt is no longer ours, or could not be secured in time: nothing may be sent or written."""


class Flusher:
    """Whatever waited while the last commit ran goes into the next one: no timer, no second flusher."""

    def __init__(self, hub: Hub, tell: Tell) -> None:
        self.hub = hub
        self._tell = tell
        self._waiting: list[Waiting] = []
        self._something = asyncio.Event()

    async def start(self, wanted: Start, *, until: float) -> None:
        """Commit that this send begins. Raises Lost when it is not ours or `until` (monotonic) passes."""
        if not await self._flushed(wanted, until):
            raise Lost(f"delivery {wanted.id}: another worker has it")

    async def note(self, result: Result, *, until: float) -> None:
        """Commit how it ended. Raises Lost when the database stays away: the sweep will settle it."""
        await self._flushed(result, until)

    async def run(self) -> None:
        """Flush for ever; cancel it once nothing is in flight."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._flush(batch)

    async def _flushed(self, item: Start | Result, until: float) -> bool:
        while monotonic() < until:
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append((item, future))
            self._something.set()
            try:
                return await future
            except (*AWAY, *AGAIN) as error:
                log.warning("delivery state could not be written yet", delivery=item.id, error=str(error))
                await asyncio.sleep(AWAY_PAUSE_SECONDS)
        raise Lost(f"delivery {item.id}: the database did not take its state in time")

    async def _flush(self, batch: list[Waiting]) -> None:
        try:
            ours = await self.hub.retrying(lambda tx: self._write(tx, _wanted(batch)))
        except Exception as error:  # handed to whoever waits, each decides
            if len(batch) > 1 and not isinstance(error, AWAY):
                for one in batch:  # one bad row never spoils its neighbours
                    await self._flush([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for item, future in batch:
            if not future.done():
                future.set_result(item.id in ours)

    async def _write(self, tx: Tx, items: list[Start | Result]) -> set[int]:
        rows = await lock(tx, [item.id for item in items])
        results = [item for item in items if isinstance(item, Result)]
        starts = [item for item in items if isinstance(item, Start)]
        changed = await note(tx, rows, results) if results else []
        ours = await start(tx, rows, starts) if starts else set()
        if changed:
            await self._tell(tx, changed)
        return ours


def _wanted(batch: Sequence[Waiting]) -> list[Start | Result]:
    """Without starts that nobody waits for any more: the end of that send may stand beside it, and is written first."""
    return [item for item, future in batch if isinstance(item, Result) or not future.done()]
