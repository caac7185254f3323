"""The road out: a queued delivery leaves once, or fails visibly. rate → claim → compose → send → note."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import structlog

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.errors import Misconfigured, SendError
from hub.deliveries.claiming import Claimed, claim, due_now, refuse
from hub.deliveries.flushing import Flusher, Lost
from hub.deliveries.releasing import release
from hub.deliveries.states import Changed
from hub.departure import Departure, Pace
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.errors import TooMany
from hub.plumbing.hub import Hub
from hub.telling import tell
from hub.turning import Turning

log = structlog.get_logger(__name__)


class Outbound(Turning):
    """Sends for all channels; a slow server holds its own channel's slots and nobody else's."""

    def __init__(self, hub: Hub, pace: Pace | None = None) -> None:
        super().__init__(hub, pace)
        self.flusher = Flusher(hub, tell)
        self._busy: Counter[int] = Counter()
        self._sends: set[asyncio.Task[None]] = set()
        self._channels: list[Channel] = []
        self._rests: dict[int, tuple[float, float]] = {}  # seconds, and until when (monotonic)
        self._health: dict[int, str] = {}
        self._closing = False

    async def turn(self) -> int:
        """Claim what leaves now and start sending it; how many."""
        free = await self._free_slots()
        if not free:
            return 0
        taken = monotonic()  # before the claim: our idea of the lease must never end after PostgreSQL's
        async with self.hub.transaction() as tx:
            claimed = await self._claim(tx, free)
        for one in claimed:
            self._busy[one.channel_id] += 1
            task = asyncio.create_task(self._leave(one, taken))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)
        return len(claimed)

    async def sweep(self) -> None:
        """Fail what is due and may not leave, with its reason; look which channels there are."""
        async with self.hub.transaction() as tx:
            await tell(tx, await self._refuse(tx))
            self._channels = self._ours(await connections.enabled(tx))
        self._health = {one.id: _health(one) for one in self._channels}
        self._swept = monotonic()

    async def _claim(self, tx: Tx, free: Mapping[int, int]) -> list[Claimed]:
        return await claim(tx, self.worker, free, lease_seconds=self.pace.send + self.pace.margin)

    async def _refuse(self, tx: Tx) -> list[Changed]:
        return await refuse(tx)

    async def _due_now(self, tx: Tx, channel_id: int, most: int) -> int:
        return await due_now(tx, channel_id, most)

    def _ours(self, channels: list[Channel]) -> list[Channel]:
        return channels

    def _departure(self, claimed: Claimed, taken: float) -> Departure:
        return Departure(self.hub, self.flusher, self.pace, claimed, taken)

    async def _turn(self) -> None:
        if monotonic() - self._swept >= self.pace.sweep:
            await self.sweep()
        await self.turn()

    async def _flush(self) -> None:
        await self.flusher.run()

    async def _free_slots(self) -> dict[int, int]:
        """How much each channel may take now: its own slots, its rate, one probe while it is failing."""
        free = {one.id: self._slots(one) - self._busy[one.id] for one in self._channels}
        for one in self._channels:
            if free[one.id] > 0 and one.settings.get("per_minute"):
                async with self.hub.transaction() as tx:
                    waiting = await self._due_now(tx, one.id, free[one.id])
                free[one.id] = await rate_tokens(self.hub, one, waiting)
        return {id_: slots for id_, slots in free.items() if slots > 0}

    def _slots(self, channel: Channel) -> int:
        if self._health.get(channel.id) == "failing":
            return 0 if self._rests.get(channel.id, (0.0, 0.0))[1] > monotonic() else 1
        return int(channel.settings.get("connections", self.pace.slots))

    async def _leave(self, claimed: Claimed, taken: float) -> None:
        """One delivery, from the claim to its written result."""
        departure = self._departure(claimed, taken)
        try:
            error = await departure.go()
            await self.note_health(claimed.channel_id, error)
        except Lost as lost:
            log.info("delivery left to others", delivery=claimed.id, why=str(lost))
        except Exception:
            log.exception("a delivery's result could not be written, the sweep will", delivery=claimed.id)
        finally:
            self._busy[claimed.channel_id] -= 1
            if not self._closing:
                self.wake()

    async def note_health(self, channel_id: int, error: SendError | None) -> None:
        """A channel that cannot sign in rests, longer each time; its row says so until a send succeeds."""
        if isinstance(error, Misconfigured):
            await self._rest_channel(channel_id, error)
        elif error is None and self._health.get(channel_id) != "ok":
            self._health[channel_id] = "ok"
            self._rests.pop(channel_id, None)
            async with self.hub.transaction() as tx:
                await connections.note_health(tx, channel_id, "out")
                await release(tx, channel_id)

    async def _rest_channel(self, channel_id: int, error: Misconfigured) -> None:
        seconds, _ = self._rests.get(channel_id, (self.pace.rest_at_first / 2, 0.0))
        seconds = min(seconds * 2, self.pace.rest_at_most)
        self._rests[channel_id] = seconds, monotonic() + seconds
        self._health[channel_id] = "failing"
        async with self.hub.transaction() as tx:
            await connections.note_health(tx, channel_id, "out", error.reason)

    async def _drain(self) -> None:
        """Wait for what is on its way; what had not begun goes back by itself when its lease ends."""
        self._closing = True
        if self._sends:
            log.info("draining", sends=len(self._sends))
            await asyncio.wait(self._sends, timeout=self.pace.drain)
        for task in self._sends:
            task.cancel()


async def rate_tokens(hub: Hub, channel: Channel, wanted: int) -> int:
    """As many as the channel's rate allows this minute, at most `wanted`."""
    for taken in range(wanted):
        try:
            await hub.limits.check(f"out:{channel.id}", most=int(channel.settings["per_minute"]), seconds=60)
        except TooMany:
            return taken
    return wanted


def _health(channel: Channel) -> str:
    """Of its way out alone: a mailbox that cannot be read does not slow the answers."""
    return "failing" if "out" in channel.troubles else channel.health if channel.health == "unknown" else "ok"
