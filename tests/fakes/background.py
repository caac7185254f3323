"""A fake server's own event loop in a thread, so that no test, and no killed worker, takes it along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """An event loop in a daemon thread; `call` runs a coroutine there and waits for its answer."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._sessions: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, work: Coroutine[Any, Any, T], seconds: float = 10.0) -> T:
        """The coroutine's answer; raises TimeoutError after `seconds`."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def begin(self, session: Coroutine[Any, Any, None]) -> None:
        """Runs a server's session here, until `close`; asyncio's own way to run it calls a cancelled one an error."""
        task = self.loop.create_task(session)
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    def close(self) -> None:
        """Cancels what still runs and ends the thread."""
        self.call(self._cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
