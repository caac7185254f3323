"""The live socket: who may open it, what it understands, and what keeps it honest.

In: `{"sub": [topics], "since": cursor}` replaces what is listened to; `{"viewing": id|null}`;
`{"typing": id, "mode": "reply"|"note"}`; `{"ping": 1}`. Out: `{"s": cursor, "o": [[op, …]]}`, `{"pong": 1}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import structlog
from aiohttp import WSMsgType, web
from redis.exceptions import RedisError

from hub.conversations.sight import sights
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AWAY
from hub.plumbing.errors import Forbidden
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web import drawing
from hub.web.counting import Counting
from hub.web.fanout import FANOUT, Fanout
from hub.web.requests import from_here, hub_of, session_of
from hub.web.sockets import MISBEHAVED, SIGNED_OUT, Socket, frame, text_frame
from hub.web.tending import Tending
from hub.web.topics import allowed
from hub.web.viewing import Mode, Viewing

log = structlog.get_logger(__name__)

BEAT_SECONDS = 25.0
AGAIN_SECONDS = 1.0
"""Before what a mistake of ours ended begins again."""
LONGEST_MESSAGE = 16_384
MOST_SOCKETS = 500
"""Open pages of one agent in one process."""
MOST_JUNK = 10
BURST, A_SECOND = 60.0, 20.0
"""Messages a page may send at once, and each second after that."""

VIEWING = web.AppKey("viewing", Viewing)
THREAD = "thread:"
PONG = text_frame(b'{"pong":1}')


class Said(msgspec.Struct):
    """Whatever a page may say; one thing at a time."""

    sub: list[str] | None = None
    since: str = ""
    viewing: int | msgspec.UnsetType | None = msgspec.UNSET
    typing: int | None = None
    mode: Mode = "reply"
    ping: int = 0


async def run(app: web.Application) -> AsyncIterator[None]:
    """The follower, the counting and the tending of one process, for as long as the application lives."""
    fanout = app[FANOUT]
    drawing.register("who", app[VIEWING].draw)
    tending = Tending(fanout, app[VIEWING])
    async with kept_up(
        fanout.follow, Counting(fanout).run, tending.beat, tending.watch, tending.check_access
    ):
        yield


@asynccontextmanager
async def kept_up(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Each of them runs, whatever happens to it, until the block ends."""
    left = {asyncio.create_task(_kept_up(work)) for work in works}
    try:
        yield
    finally:
        while left:  # redis-py may take a cancellation for its own timeout: say it until it is heard
            for task in left:
                task.cancel()
            _done, left = await asyncio.wait(left, timeout=0.5)


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Run for ever; a mistake of ours is told and does not end the live pages, or chats, of this process."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("live pages: begun again", work=work.__qualname__)
        await asyncio.sleep(AGAIN_SECONDS)


async def close_all(app: web.Application) -> None:
    """At the end of the process every page is told, so that it goes to another at once."""
    await asyncio.gather(*(socket.close(1001) for socket in list(app[FANOUT].sockets)))


async def serve(request: web.Request) -> web.WebSocketResponse:
    """GET /ws?since=cursor. Raises Forbidden for another site's page; without a session it closes with 4401."""
    if "Origin" not in request.headers or not from_here(request):
        raise Forbidden(_("This did not come from one of our pages."))
    ws = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=LONGEST_MESSAGE, compress=False)
    session = session_of(request)
    fanout = request.app[FANOUT]
    await ws.prepare(request)
    transport = request.transport
    if session is None or transport is None:
        await ws.close(code=SIGNED_OUT)
        return ws
    socket = Socket(ws, transport, session.person, session.id)
    if len(fanout.of_agent(socket.person.id)) >= MOST_SOCKETS:
        await ws.close(code=MISBEHAVED)
        return ws
    fanout.add(socket)
    try:
        await Listening(hub_of(request), fanout, request.app[VIEWING], socket).run(
            request.query.get("since", "")
        )
    finally:
        fanout.remove(socket)
    return ws


class Listening:
    """What one page says, understood and bounded."""

    def __init__(self, hub: Hub, fanout: Fanout, viewing: Viewing, socket: Socket) -> None:
        self.hub = hub
        self.fanout = fanout
        self.viewing = viewing
        self.socket = socket
        self.since = ""
        self.junk = 0
        self.tokens = BURST
        self.counted_at = monotonic()

    async def run(self, since: str) -> None:
        """Until the page goes, or misbehaves. `since`: where the page stood when it connected."""
        self.since = since
        try:
            async for message in self.socket.ws:
                said = _understood(message.data) if message.type is WSMsgType.TEXT else None
                if not self._within_limits(said):
                    await self.socket.close(MISBEHAVED)
                    return
                if said is not None:
                    await self._do(said)
        finally:
            # A task of its own: whoever hangs up takes this handler away with them.
            self.fanout.aside(self._leave())

    async def _do(self, said: Said) -> None:
        if said.ping:
            self.socket.write(PONG)
        elif said.sub is not None:
            await self._subscribe(said.sub, said.since)
        elif said.typing is not None:
            await self._present(said.typing, said.mode)
        elif said.viewing is None:
            await self._leave()
        elif isinstance(said.viewing, int):
            await self._present(said.viewing, "viewing")

    async def _subscribe(self, wanted: list[str], since: str) -> None:
        async with self.hub.transaction() as tx:
            topics = await allowed(tx, self.socket.person, wanted)
        new = topics - self.socket.topics
        since = since or self.since
        self.socket.hold()
        try:
            self.fanout.listen(self.socket, topics)
            if since and new:
                await self.fanout.replay(self.socket, since, new)
        finally:
            self.socket.release()
        await self._show_who_is_there(new)

    async def _show_who_is_there(self, topics: frozenset[str]) -> None:
        """Who already looks at the threads this page just opened."""
        threads = [int(topic.removeprefix(THREAD)) for topic in topics if topic.startswith(THREAD)]
        if not threads:
            return
        try:
            async with self.hub.transaction() as tx:
                found = await self.viewing.ops(tx, threads)
        except (RedisError, *AWAY) as error:
            log.info("presence not shown", error=repr(error)[:200])
            return
        if ops := [op for op in found.values() if op[2]]:
            self.socket.write(frame(self.fanout.cursor, ops))

    async def _present(self, conversation_id: int, mode: Mode) -> None:
        """Looking or writing, at a conversation this person may see."""
        try:
            if self.socket.viewing not in (None, conversation_id):
                await self._leave()
            async with self.hub.transaction() as tx:
                sight = (await sights(tx, [conversation_id])).get(conversation_id)
            if sight is None or not sight.seen_by(self.socket.person):
                return
            self.socket.viewing = conversation_id
            if await self.viewing.note(conversation_id, self.socket.person.id, mode):
                await self.viewing.tell(sight)
        except (RedisError, *AWAY) as error:
            log.info("presence not shown", error=repr(error)[:200])

    async def _leave(self) -> None:
        """Away from what was looked at, unless another page of the same person still shows it."""
        left, self.socket.viewing = self.socket.viewing, None
        others = self.fanout.of_agent(self.socket.person.id)
        if left is None or any(other.viewing == left for other in others):
            return
        try:
            await self.viewing.leave(left, self.socket.person.id)
            async with self.hub.transaction() as tx:
                sight = (await sights(tx, [left])).get(left)
            if sight is not None:
                await self.viewing.tell(sight)
        except (RedisError, *AWAY) as error:
            log.info("presence ends by itself", error=repr(error)[:200])

    def _within_limits(self, said: Said | None) -> bool:
        at = monotonic()
        self.tokens = min(BURST, self.tokens + (at - self.counted_at) * A_SECOND) - 1
        self.counted_at = at
        self.junk += said is None
        return self.tokens >= 0 and self.junk <= MOST_JUNK


def _understood(data: str) -> Said | None:
    try:
        said = msgspec.json.decode(data, type=Said)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    ids = [said.typing, said.viewing]
    return said if all(0 < id_ < 2**63 for id_ in ids if isinstance(id_, int)) else None
