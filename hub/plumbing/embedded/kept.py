"""One embedded server kept running: by us, or by whoever holds its lock, and by us again when they die."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Protocol

from hub.plumbing.embedded.children import Child, Children, Command
from hub.plumbing.embedded.place import Lock
from hub.plumbing.errors import HubError, Unavailable

ADOPT_WITHIN = 60.0
"""Seconds another process's server may take to answer before we give up."""
AGAIN_SECONDS = 5.0
"""Between two tries to take one over."""


class Server(Protocol):
    """What PostgreSQL and Valkey have in common here."""

    name: str
    lock_file: Path

    @property
    def url(self) -> str:
        """What clients connect to."""

    async def command(self) -> Command:
        """How to run it."""

    async def answers(self) -> bool:
        """Whether it can be used now."""


class Kept:
    """A server that answers for as long as we live; `child` is None while another process runs it."""

    def __init__(self, server: Server, children: Children) -> None:
        self.server = server
        self.child: Child | None = None
        self._children = children
        self._lock = Lock(server.lock_file)
        self._watch: asyncio.Task[None] | None = None

    @property
    def adopted(self) -> bool:
        """Whether another living process runs it."""
        return self.child is None

    async def start(self) -> None:
        """Start or adopt it; returns when it answers. Raises HubError."""
        deadline = time.monotonic() + ADOPT_WITHIN
        while not self._lock.take():
            if await self.server.answers():
                self._watch = asyncio.create_task(self._take_over())
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"another process holds {self.server.lock_file} "
                    f"but its {self.server.name} does not answer: "
                    "stop the other `hub up`, or use another HUB_DATA"
                )
            await asyncio.sleep(0.1)
        await self._run()

    async def stop_watching(self) -> None:
        """Take nothing over any more."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    def release(self) -> None:
        """Let others run it; call when our child has ended."""
        self._lock.release()

    async def _run(self) -> None:
        self.child = await self._children.start(await self.server.command())

    async def _take_over(self) -> None:
        """Wait until whoever runs it is gone, then run it ourselves."""
        while not self._lock.take():  # noqa: ASYNC110  (a lock of the kernel's: it has no event)
            await asyncio.sleep(0.5)
        while self.child is None:
            try:
                await self._run()
            except (HubError, OSError) as error:  # nobody else would: we hold its lock
                self._children.say(f"{self.server.name} cannot be started now: {error}")
                await asyncio.sleep(AGAIN_SECONDS)
