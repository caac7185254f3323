"""One question for all who ask at once: whoever asks while one is under way goes with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Asks `ask(keys)` for all that wait; every answer is younger than its question. One at a time, no timer."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[dict[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def of(self, key: K) -> V | None:
        """What `ask` found for `key`, None when it found nothing. Raises what `ask` raised."""
        if key not in self._waiting:
            self._waiting[key] = asyncio.get_running_loop().create_future()
        answer = self._waiting[key]
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._go())
        return await asyncio.shield(answer)  # one who goes away takes the answer from nobody

    async def _go(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = await self._ask(list(asked))
            except Exception as error:
                for answer in asked.values():
                    answer.set_exception(error)
                    answer.exception()  # whoever asked may have gone away: it is told to nobody else then
            else:
                for key, answer in asked.items():
                    answer.set_result(found.get(key))
