"""Campaigns leave: due deliveries are made, claimed ahead, written, and carried over kept connections.

One object a worker process; any number of workers share the work. PostgreSQL is the queue of record, and what dies
with a worker is only what was on the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from hub.bulk.convoy import Convoy
from hub.bulk.flushing import BulkFlusher
from hub.bulk.loading import Loader
from hub.campaigns import making, outcomes
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.courier import Letter
from hub.channels.errors import Misconfigured, SendError
from hub.channels.outgoing import Sent
from hub.channels.registry import adapter
from hub.deliveries import gated
from hub.deliveries.many import Step
from hub.deliveries.releasing import release
from hub.departure import Pace, failed
from hub.plumbing.clock import monotonic
from hub.plumbing.crypto import CannotDecrypt
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.hub import Hub
from hub.telling import tell
from hub.turning import Turning

log = structlog.get_logger(__name__)

IDLE_SECONDS = 30.0


class Bulk(Turning):
    """Sends campaigns on every line that can carry many; people's answers go by hub/outbound.py, on their own slots."""

    def __init__(self, hub: Hub, pace: Pace | None = None) -> None:
        super().__init__(hub, pace)
        self.flusher = BulkFlusher(hub, self.worker, self.pace)
        self.loader = Loader(hub, self.flusher, self.worker, self.pace)
        self.convoys: dict[int, Convoy] = {}
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._dry: set[int] = set()
        self._troubles: dict[int, str] = {}

    def wake(self) -> None:
        """Something may be due now."""
        self._dry.clear()
        self._swept = 0.0
        super().wake()

    async def sweep(self) -> None:
        """Fail what may not leave, tell how far it is, and look which lines have work."""
        gates, self.flusher.gates = self.flusher.gates, set()
        async with self.hub.transaction() as tx:
            await tell(tx, await gated.refuse(tx))
            await outcomes.soon_behind(tx, gates)
            lines = set(await gated.lines(tx))
            channels = {one.id: one for one in await connections.enabled(tx)}
        for id_ in lines & channels.keys() - self.convoys.keys():
            await self._begin(channels[id_])
        for id_, convoy in list(self.convoys.items()):
            await self._note_health(convoy)
            self._tend(convoy, channels.get(id_), working=id_ in lines)
        self._dry.clear()
        self._swept = monotonic()

    async def _turn(self) -> None:
        if monotonic() - self._swept >= self.pace.sweep:
            self._run("make", 0, self._make)
            await self.sweep()
        for id_, convoy in self.convoys.items():
            if convoy.lacks:
                self._run("connect", id_, partial(self._connect, convoy, True))
            if id_ not in self._dry and convoy.wanted > 0:
                self._run("load", id_, partial(self._load, convoy))

    async def _flush(self) -> None:
        await self.flusher.run()

    async def _begin(self, channel: Channel) -> None:
        try:
            courier = adapter(channel.kind).bulk(channel.line(self.hub.crypto))
        except CannotDecrypt as error:  # nobody can sign in there; the other lines go on
            await self._note(channel.id, str(error))
            return
        if courier is not None:  # else hub/bulk/one_by_one.py sends there
            self.convoys[channel.id] = Convoy(channel, courier, self.flusher.start, self._end)

    def _tend(self, convoy: Convoy, channel: Channel | None, *, working: bool) -> None:
        """Have its connections looked after; one whose line was changed, or that has no work, ends in peace."""
        idle = not working and convoy.idle_for > IDLE_SECONDS  # else its rests would begin anew
        if channel is None or _changed(channel, convoy.channel) or idle:
            self._give_back(convoy)
        if convoy.closing and not convoy.load:
            convoy.close()
            del self.convoys[convoy.channel.id]
        else:
            self._run("connect", convoy.channel.id, partial(self._connect, convoy, working))

    def _end(self, convoy: Convoy, letter: Letter, outcome: Sent | SendError | None) -> None:
        """It ended one way or another; None: not a byte of it was written."""
        if isinstance(outcome, Sent):
            self.flusher.end(Step(letter.id, letter.attempt, letter.gate_id, "sent", outcome.answer))
        elif outcome is None:
            self.flusher.end(Step(letter.id, letter.attempt, letter.gate_id, "queued"))
        else:
            self.flusher.fail(failed(letter.id, letter.attempt, letter.tries, outcome, self.pace))
        if not self._awake.is_set() and (
            convoy.lacks or (convoy.channel.id not in self._dry and convoy.wanted > 0)
        ):
            self._awake.set()

    async def _make(self) -> None:
        """Deliveries of what is due soon."""
        made = making.MOST
        while made >= making.MOST:
            async with self.hub.transaction() as tx:
                made = await making.make(tx, self.hub.settings.mail_domain)
            if made:
                self.wake()

    async def _connect(self, convoy: Convoy, working: bool) -> None:
        await convoy.connect(working=working)
        if convoy.wanted > 0:
            self._awake.set()

    async def _load(self, convoy: Convoy) -> None:
        if not await self.loader.load(convoy):
            self._dry.add(convoy.channel.id)
        self._awake.set()

    def _run(self, what: str, id_: int, doing: Callable[[], Awaitable[None]]) -> None:
        """One of each at a time; what breaks is logged and tried again by the next sweep."""
        running = self._tasks.get((what, id_))
        if running is None or running.done():
            self._tasks[what, id_] = asyncio.create_task(_safely(doing, what))

    async def _note_health(self, convoy: Convoy) -> None:
        """The line's row says what is wrong with its way out, until something leaves again.

        The first letter of this process says so too: who noted the trouble may be gone.
        """
        if isinstance(convoy.trouble, Misconfigured):
            await self._note(convoy.channel.id, convoy.trouble.reason)
        elif convoy.works:
            await self._note(convoy.channel.id, "")

    async def _note(self, id_: int, trouble: str) -> None:
        if trouble == self._troubles.get(id_):
            return
        async with self.hub.transaction() as tx:
            await connections.note_health(tx, id_, "out", trouble)
            if not trouble:
                await release(tx, id_)
        self._troubles[id_] = trouble

    def _give_back(self, convoy: Convoy) -> None:
        for letter in convoy.leave():
            self.flusher.end(Step(letter.id, letter.attempt, letter.gate_id, "queued"))

    async def _drain(self) -> None:
        """What is on the wire ends; what had not begun goes back at once, and nobody waits for a new connection."""
        for convoy in self.convoys.values():
            self._give_back(convoy)
        for (what, _), task in self._tasks.items():
            if what != "load":  # that one gives back what it claimed
                task.cancel()
        loads = sum(convoy.load for convoy in self.convoys.values())
        log.info("draining", letters=loads)
        try:
            async with asyncio.timeout(self.pace.drain):
                await asyncio.gather(*self._tasks.values(), return_exceptions=True)
                while any(convoy.load for convoy in self.convoys.values()):
                    await asyncio.sleep(0.02)
                    for convoy in self.convoys.values():
                        convoy.look()
                await self.flusher.settled()
        except TimeoutError:
            log.warning("not drained in time, the sweep will settle the rest")
        for convoy in self.convoys.values():
            convoy.close()
        await self.flusher.close()


async def _safely(doing: Callable[[], Awaitable[None]], what: str) -> None:
    try:
        await doing()
    except (*AWAY, *AGAIN) as error:
        log.warning("put off to the next sweep", what=what, error=str(error))
    except Exception:
        log.exception("put off to the next sweep", what=what)


def _changed(one: Channel, other: Channel) -> bool:
    return (one.settings, one.secrets, one.address, one.name) != (
        *(other.settings, other.secrets),
        *(other.address, other.name),
    )
