"""What every road out is in a worker: it looks again and again what is due, until it is told to drain.

PostgreSQL is the queue of record; `wake` only says that something may be due, and a sweep finds what nobody said.
"""

from __future__ import annotations

import asyncio
import os
import socket
from abc import ABC, abstractmethod

import structlog

from hub.departure import Pace
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.ending import unless_told_to_end
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token

log = structlog.get_logger(__name__)


class Turning(ABC):
    """One object a worker process; `worker` is its name in the deliveries it holds."""

    def __init__(self, hub: Hub, pace: Pace | None = None) -> None:
        self.hub = hub
        self.pace = pace or Pace()
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{token(4)}"
        self._awake = asyncio.Event()
        self._swept = 0.0

    def wake(self) -> None:
        """Something may be due now."""
        self._awake.set()

    async def run(self) -> None:
        """Send until cancelled, then drain: what is on the wire ends, nothing new begins.

        Raises what its flusher died of: a worker that could write down no more ends would look well and send nothing.
        """
        flushing = asyncio.create_task(self._flush())
        try:
            while not flushing.done():
                unless_told_to_end()
                await self._turn_safely()
                await self._rest()
            flushing.result()
        finally:
            await self._drain()
            flushing.cancel()

    @abstractmethod
    async def _turn(self) -> None:
        """Sweep when it is time, take what leaves now."""

    @abstractmethod
    async def _flush(self) -> None:
        """Write for ever what became of what left."""

    @abstractmethod
    async def _drain(self) -> None:
        """End what is on the wire, give back the rest."""

    async def _turn_safely(self) -> None:
        try:
            await self._turn()
        except (*AWAY, *AGAIN) as error:
            log.warning("nothing claimed, the next sweep will", error=str(error))
        except Exception:  # one bad row or setting must not end the sending of all others
            log.exception("nothing claimed")

    async def _rest(self) -> None:
        """Until somebody wakes us, or the next sweep."""
        try:
            async with asyncio.timeout(self.pace.sweep):
                await self._awake.wait()
        except TimeoutError:
            return
        self._awake.clear()
