"""One follower a process: each batch of signals is drawn once and the same bytes go to all who may see them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from hub.conversations.sight import Sight
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.hub import Hub
from hub.plumbing.signals import Signal, Stale
from hub.plumbing.texts import LANGUAGES
from hub.web import health
from hub.web.drawing import Change, Piece, draw, merged, register
from hub.web.sockets import Op, Socket, frame

__all__ = ["FANOUT", "Fanout", "register"]
log = structlog.get_logger(__name__)

TICK_SECONDS = 0.01
"""The least time between two batches: a burst becomes a few frames, a single signal leaves at once."""
TRIES = 4
MOST_REMEMBERED = 20_000
MOST_REPLAYED = 300

STALE: Op = ["stale"]


class Fanout:
    """The live pages of this process, by topic, and the follower that feeds them."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.sockets: set[Socket] = set()
        self.by_topic: dict[str, set[Socket]] = {}
        self.cursor = ""  # every page has been written all there is up to here
        self.on_access: asyncio.Queue[int] = asyncio.Queue()
        self.touched: set[str] = set()
        self._hearers: list[Callable[[Sequence[Change]], None]] = []
        self.fresh: set[int] = set()  # agents of whom a page came (back): what it shows may be old
        self._aside: set[asyncio.Task[None]] = set()
        self._sights: OrderedDict[tuple[str, int], Sight | None] = OrderedDict()

    # who listens

    def add(self, socket: Socket) -> None:
        """A page opened."""
        self.sockets.add(socket)
        health.SOCKETS.set(len(self.sockets))

    def remove(self, socket: Socket) -> None:
        """A page closed."""
        self.listen(socket, frozenset())
        self.sockets.discard(socket)
        health.SOCKETS.set(len(self.sockets))

    def listen(self, socket: Socket, topics: frozenset[str]) -> None:
        """From now on this page hears exactly these topics; they are already allowed."""
        for topic in socket.topics - topics:
            self.by_topic[topic].discard(socket)
            if not self.by_topic[topic]:
                del self.by_topic[topic]
        for topic in topics - socket.topics:
            self.by_topic.setdefault(topic, set()).add(socket)
            if topic == f"agent:{socket.person.id}":
                self.fresh.add(socket.person.id)
        socket.topics = topics

    def hear(self, hearer: Callable[[Sequence[Change]], None]) -> None:
        """Also tell `hearer` of every batch; it must not wait."""
        self._hearers.append(hearer)

    def of_agent(self, agent_id: int) -> list[Socket]:
        """The open pages of one agent."""
        return [socket for socket in self.sockets if socket.person.id == agent_id]

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something nobody waits for; kept until it is done."""
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    # what they hear

    async def follow(self) -> None:
        """For ever: read the stream, draw, write. Whatever is begun again makes all pages fetch again."""
        gap = 0.5
        while True:
            try:
                again = gap > 0.5 or bool(self.cursor)  # ended by the stream, or by a mistake of ours
                self.cursor = await self.hub.signals.cursor()
                self.broadcast([STALE] if again else [])
                async for batch in self.hub.signals.follow(self.cursor):
                    gap = 0.5
                    if batch:
                        began = monotonic()
                        await self._tick(batch)
                        await asyncio.sleep(max(0.0, TICK_SECONDS - (monotonic() - began)))
            except (Stale, RedisError, OSError, TimeoutError) as error:
                log.warning("live updates interrupted", error=repr(error)[:200], again_in=gap)
                await asyncio.sleep(gap)
                gap = min(5.0, gap * 2)

    async def replay(self, socket: Socket, since: str, topics: frozenset[str]) -> None:
        """Write again to one page what came after `since` on `topics`; `stale` if that is not known."""
        try:
            missed = await self.hub.signals.since(since)
            changes = [
                change
                for change in merged(signal for _cursor, signal in missed)
                if topics & {*change.topics, *change.lost}
            ]
            if len(changes) > MOST_REPLAYED:
                raise Stale("too much to replay")
            if not changes:
                return
            pieces = await draw(self.hub, changes, [socket.person.language])
            ops = [op for piece in pieces for op in piece.for_person(socket.person, topics, hide=True)]
            if ops:
                # Not the stream's end: this page's other topics are written up to our cursor only.
                socket.write_now(frame(self.cursor, ops))
        except (Stale, *AGAIN, *AWAY, RedisError) as error:
            log.info("a page has to fetch again", why=repr(error)[:200])
            socket.write_now(frame(self.cursor, [STALE]))

    def broadcast(self, ops: Sequence[Op]) -> None:
        """The same operations to every page of this process."""
        if ops:
            bytes_ = frame(self.cursor, ops)
            for socket in list(self.sockets):
                socket.write(bytes_)

    def tell(self, topic: str, ops: Sequence[Op]) -> None:
        """Operations for whoever listens to a topic now; nothing of it is replayed later."""
        bytes_ = frame(self.cursor, ops)
        for socket in list(self.by_topic.get(topic, ())):
            socket.write(bytes_)

    async def _tick(self, batch: list[tuple[str, Signal]]) -> None:
        changes = merged(signal for _cursor, signal in batch)
        for hearer in self._hearers:
            hearer(changes)
        for change in changes:
            self.touched |= {*change.topics, *change.lost}
            if change.kind == "access":
                self.on_access.put_nowait(change.id)
        heard = [one for one in changes if any(t in self.by_topic for t in (*one.topics, *one.lost))]
        cursor = batch[-1][0]
        if heard:
            languages = {socket.person.language for socket in self.sockets}
            self._write(await self._drawn(heard, languages & set(LANGUAGES)), cursor)
        self.cursor = cursor

    async def _drawn(self, changes: Sequence[Change], languages: set[str]) -> list[Piece]:
        """Drawn, however the database feels: away for long, and the pages are told to fetch again."""
        for attempt in range(TRIES):
            try:
                return await draw(self.hub, changes, languages)
            except (*AGAIN, *AWAY) as error:
                log.warning("drawing again", error=repr(error)[:200], attempt=attempt + 1)
                await asyncio.sleep(0.1 * 4**attempt)
            except Exception:
                # One thing that cannot be drawn must not silence the others for ever.
                log.exception("a change could not be drawn")
                return []
        self.broadcast([STALE])
        return []

    def _write(self, pieces: list[Piece], cursor: str) -> None:
        """The same bytes for all pages with the same operations."""
        wanted: dict[Socket, list[Op]] = {}
        for piece in pieces:
            hide = self._changed_sight(piece)
            for socket in {one for topic in piece.topics for one in self.by_topic.get(topic, ())}:
                ops = piece.for_person(socket.person, socket.topics, hide=hide)
                if ops:
                    wanted.setdefault(socket, []).extend(ops)
        frames: dict[tuple[int, ...], bytes] = {}
        for socket, ops in wanted.items():
            same = tuple(map(id, ops))
            if same not in frames:
                frames[same] = frame(cursor, ops)
            socket.write(frames[same])

    def _changed_sight(self, piece: Piece) -> bool:
        """Whether somebody may have seen this before and may not now: only then they are told to drop it.

        Else an outsider would learn the number of every conversation that moves in a restricted team.
        """
        key = (piece.kind, piece.thing.id)
        changed = key not in self._sights or self._sights[key] != piece.thing.sight
        self._sights[key] = piece.thing.sight
        self._sights.move_to_end(key)
        if len(self._sights) > MOST_REMEMBERED:
            self._sights.popitem(last=False)
        return changed or bool(piece.lost)


FANOUT = web.AppKey("fanout", Fanout)
