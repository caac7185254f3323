"""What open pages need from time to time: their session still there, their rights still true, their lease renewed."""

from __future__ import annotations

import asyncio

import structlog
from redis.exceptions import RedisError

from hub.agents import presence, roles, sessions
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.hub import Hub
from hub.web.fanout import STALE, Fanout
from hub.web.sockets import SIGNED_OUT, Op, Socket, frame
from hub.web.topics import allowed
from hub.web.viewing import Viewing

log = structlog.get_logger(__name__)

BEAT_SECONDS = 10.0
WATCH_SECONDS = 3.0


class Tending:
    """Looks after the sockets of one process."""

    def __init__(self, fanout: Fanout, viewing: Viewing) -> None:
        self.fanout = fanout
        self.viewing = viewing
        self._shown: dict[int, Op] = {}

    @property
    def hub(self) -> Hub:
        """The process's hub."""
        return self.fanout.hub

    async def beat(self) -> None:
        """For ever, every BEAT_SECONDS."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self.check(list(self.fanout.sockets))
                await self._renew()
            except (*AGAIN, *AWAY, RedisError) as error:
                log.warning("open pages not tended", error=repr(error)[:200])

    async def watch(self) -> None:
        """For ever, every WATCH_SECONDS: whoever stopped writing, or is gone without a word, is shown no more."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self._refresh_viewing()
            except (*AGAIN, *AWAY, RedisError) as error:
                log.warning("presence not refreshed", error=repr(error)[:200])

    async def check_access(self) -> None:
        """For ever: as soon as somebody's rights change, or they sign out, their pages are checked."""
        while True:
            agent_id = await self.fanout.on_access.get()
            try:
                await self.check(self.fanout.of_agent(agent_id))
            except (*AGAIN, *AWAY) as error:
                log.warning("rights checked at the next beat", error=repr(error)[:200])

    async def check(self, sockets: list[Socket]) -> None:
        """Close pages whose session ended; those with other rights than before listen to less, or more."""
        if not sockets:
            return
        async with self.hub.transaction() as tx:
            alive = await sessions.still_open(tx, [socket.session_id for socket in sockets])
            people = {one.id: one for one in await roles.load_many(tx, [s.person.id for s in sockets])}
            for socket in sockets:
                person = people.get(socket.person.id)
                if person is not None and person.access_version != socket.person.access_version:
                    socket.person = person
                    self.fanout.listen(socket, await allowed(tx, person, socket.topics))
                    socket.write(frame(self.fanout.cursor, [STALE]))
        for socket in sockets:
            if socket.session_id not in alive or socket.person.id not in people:
                # Nothing more is written from this moment; the goodbye may wait for a slow reader.
                self.fanout.remove(socket)
                self.fanout.aside(socket.close(SIGNED_OUT))

    async def _renew(self) -> None:
        """Whoever has an open page is here, and still looks at what it shows."""
        agents = {socket.person.id for socket in self.fanout.sockets}
        if agents:
            async with self.hub.transaction() as tx:
                await presence.renew(tx, sorted(agents))
        for socket in list(self.fanout.sockets):
            if socket.viewing is not None:
                await self.viewing.renew(socket.viewing, socket.person.id)

    async def _refresh_viewing(self) -> None:
        """Leases end in silence (a process died): what is shown is compared with what is true."""
        open_threads = [
            int(topic.removeprefix("thread:"))
            for topic in self.fanout.by_topic
            if topic.startswith("thread:")
        ]
        ids = sorted({*open_threads, *self._shown})
        if not ids:
            return
        async with self.hub.transaction() as tx:
            now = await self.viewing.ops(tx, ids)
        for id_, op in now.items():
            if op != self._shown.get(id_, ["who", id_, []]):
                self.fanout.tell(f"thread:{id_}", [op])
        self._shown = {id_: op for id_, op in now.items() if op[2]}
