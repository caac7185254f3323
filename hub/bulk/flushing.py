"""One flusher a worker: ends and next starts of all its convoys share one statement (INVARIANTS §6)."""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from hub.bulk.convoy import Convoy
from hub.channels.courier import Carrier, Letter
from hub.deliveries.many import Step, step
from hub.deliveries.noting import Result, lock, note
from hub.departure import Pace
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY, Tx, open_connection
from hub.plumbing.hub import Hub
from hub.telling import tell

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
AWAY_PAUSE_SECONDS = 0.2
Starting = tuple[Convoy, Carrier, Letter]


class BulkFlusher:
    """Whatever waited while the last commit ran goes into the next one: no timer.

    What the mail server answered meanwhile is heard first, else the connections fall into groups that take turns, and
    there are twice as many commits. To wait for it a millisecond saved little and cost a third of the pace.
    """

    def __init__(self, hub: Hub, worker: str, pace: Pace) -> None:
        self.hub = hub
        self.worker = worker
        self.pace = pace
        self.gates: set[int] = set()
        """Of which something was sent since somebody last looked."""
        self._starts: list[Starting] = []
        self._ends: list[Step] = []
        self._results: list[Result] = []
        self._something = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._connection: asyncpg.Connection | None = None

    def start(self, convoy: Convoy, carrier: Carrier, letter: Letter) -> None:
        """Ask whether it may leave; the convoy is told after the commit."""
        self._starts.append((convoy, carrier, letter))
        self._wake()

    def end(self, ended: Step) -> None:
        """Sent, or given back untouched."""
        self._ends.append(ended)
        self._wake()

    def fail(self, result: Result) -> None:
        """It went wrong; told to people in the same transaction."""
        self._results.append(result)
        self._wake()

    async def run(self) -> None:
        """Flush for ever; cancel it once `settled`."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._starts or self._ends or self._results:
                try:
                    await asyncio.sleep(0)
                    await self._flush()
                except (*AWAY, *AGAIN) as error:
                    log.warning("states could not be written yet", error=str(error))
                    await asyncio.sleep(AWAY_PAUSE_SECONDS)
            self._idle.set()

    async def settled(self) -> None:
        """Wait until everything said so far is written."""
        await self._idle.wait()

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.terminate()

    def _wake(self) -> None:
        self._something.set()
        self._idle.clear()

    async def _flush(self) -> None:
        """What fails to be written stays where it is and is written again: that is harmless."""
        if results := self._results[:MOST_AT_ONCE]:
            again = await self._note(results)
            self._results[: len(results)] = []
            self._results += again
        taken, ends = self._starts[:MOST_AT_ONCE], self._ends[:MOST_AT_ONCE]
        if not taken and not ends:
            return
        starts = [one for one in taken if not one[2].over]  # else it ended before it began
        begun = monotonic()
        steps = [self._step(carrier, letter) for _, carrier, letter in starts]
        tx = Tx(await self._own())
        ours = await step(tx, [*ends, *steps], lease_seconds=self.pace.send + self.pace.margin)
        del self._starts[: len(taken)], self._ends[: len(ends)]
        self._go_on(taken, ours, begun)

    def _step(self, carrier: Carrier, letter: Letter) -> Step:
        return Step(
            letter.id, letter.attempt, letter.gate_id, "sending", where=f"{self.worker}#{carrier.number}"
        )

    def _go_on(self, starts: list[Starting], ours: set[int], begun: float) -> None:
        for convoy, carrier, letter in starts:
            if letter.id in ours:
                letter.until = begun + self.pace.send
                self.gates.add(letter.gate_id)
                convoy.started(carrier, letter)
            else:
                convoy.refused(carrier, letter)

    async def _note(self, results: list[Result]) -> list[Result]:
        """Those that went wrong, each alone if they cannot be written together; those to be written again."""
        try:
            await self.hub.retrying(lambda tx: self._noted(tx, results))
        except AWAY:
            raise
        except Exception as error:
            if len(results) > 1:
                return [one for alone in results for one in await self._note([alone])]
            if isinstance(error, AGAIN):  # somebody holds its row; left to the sweep it would be perhaps sent
                log.warning("a result could not be written yet", delivery=results[0].id, error=str(error))
                return results
            log.exception("a result could not be written, the sweep will", delivery=results[0].id)
        return []

    async def _noted(self, tx: Tx, results: list[Result]) -> None:
        rows = await lock(tx, [one.id for one in results])
        await tell(tx, await note(tx, rows, results))

    async def _own(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await open_connection(self.hub.settings.database_url, name="dialogo campaigns")
        return self._connection
