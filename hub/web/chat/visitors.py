"""The open chats of this process: each is told what its own visitor may see, as it changes, and nothing else.

What a visitor sees is read anew from their session and compared with what this page was told before: that is the
live update, the replay after a reconnect and the long poll in one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import web
from redis.exceptions import RedisError

from hub.agents.roles import load_many
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.conversations import chat_view, chats, rating
from hub.conversations.chats import Session
from hub.conversations.rating import Ending
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY, Tx
from hub.plumbing.hub import Hub
from hub.web.drawing import Change
from hub.web.fanout import Fanout
from hub.web.viewing import Viewing

log = structlog.get_logger(__name__)

BEAT_SECONDS = 20.0
WATCH_SECONDS = 3.0
KINDS = frozenset({"message", "reading", "conversation", "delivery"})
Tell = Callable[[dict[str, Any]], None]


class Visitor:
    """One open chat: whose, in which conversation, and what it was told (message id → how it looked; how it ended)."""

    def __init__(self, channel: Channel, session: Session, tell: Tell) -> None:
        self.channel = channel
        self.session = session
        self.tell = tell
        self.conversation_id: int | None = None
        self.told: dict[int, bytes] = {}
        self.writing = ""
        self.ending = Ending()
        self.lock = asyncio.Lock()


class Visitors:
    """All of them, by conversation; fed by the process's one follower of signals."""

    def __init__(self, hub: Hub, fanout: Fanout, viewing: Viewing) -> None:
        self.hub = hub
        self.fanout = fanout
        self.viewing = viewing
        self.all: set[Visitor] = set()
        self.sockets: set[web.WebSocketResponse] = set()
        self.closing = False
        self._pages: Counter[int] = Counter()
        self.by_conversation: dict[int, set[Visitor]] = {}
        fanout.hear(self.heard)

    def add(self, visitor: Visitor) -> None:
        """A chat opened; `refresh` it next."""
        self.all.add(visitor)
        self._pages[visitor.session.id] += 1

    def remove(self, visitor: Visitor) -> None:
        """A chat closed."""
        self.all.discard(visitor)
        self._pages[visitor.session.id] -= 1
        if not self._pages[visitor.session.id]:
            del self._pages[visitor.session.id]
        self._move(visitor, None)

    def of_session(self, session_id: int) -> int:
        """How many pages one visitor has open here."""
        return self._pages.get(session_id, 0)

    def heard(self, changes: Sequence[Change]) -> None:
        """Signals came: whoever's conversation they are about is looked at again."""
        if not self.by_conversation:
            return
        touched: set[int] = set()
        typing: set[int] = set()
        for change in changes:
            if change.kind == "who" and change.id in self.by_conversation:
                typing.add(change.id)
            elif change.kind in KINDS:
                touched |= {number for topic in (*change.topics, *change.lost) if (number := _thread(topic))}
        for id_ in touched & set(self.by_conversation):
            for visitor in self.by_conversation[id_]:
                self.fanout.aside(self.refresh(visitor))
        if typing:
            self.fanout.aside(self._show_writing(sorted(typing)))

    async def refresh_session(self, session_id: int) -> None:
        """Every page one visitor has open here."""
        for visitor in [one for one in self.all if one.session.id == session_id]:
            await self.refresh(visitor)

    async def refresh(self, visitor: Visitor) -> None:
        """Tell what changed since this page was last told; one at a time, so that nothing is told twice."""
        can = adapter(visitor.channel.kind).can
        async with visitor.lock:
            try:
                async with self.hub.transaction() as tx:
                    messages = await chat_view.shown(tx, visitor.session, can.address_type)
                    conversation_id = await chats.conversation_of(tx, visitor.session)
                    ending = await rating.ending(tx, conversation_id)
            except (*AGAIN, *AWAY) as error:
                log.warning("a chat is told later", error=repr(error)[:200])
                return
            self._move(visitor, conversation_id)
            looks = {one.id: msgspec.json.encode(one) for one in messages}
            news = [one for one in messages if visitor.told.get(one.id) != looks[one.id]]
            visitor.told |= looks
            if any(one.out for one in news):
                visitor.writing = ""  # what was being written has come
            if news:
                visitor.tell({"t": "messages", "d": msgspec.to_builtins(news)})
            if ending != visitor.ending:
                visitor.ending = ending
                visitor.tell({"t": "ending", "d": msgspec.structs.asdict(ending)})

    async def beat(self) -> None:
        """For ever: their sessions are seen here, and what a lost signal hid is told."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                async with self.hub.transaction() as tx:
                    await chats.here(tx, sorted({one.session.id for one in self.all}))
            except (*AGAIN, *AWAY) as error:
                log.warning("visitors not noted as here", error=repr(error)[:200])

    async def watch(self) -> None:
        """For ever: who stopped writing is shown no more."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            shown = {one.conversation_id for one in self.all if one.writing and one.conversation_id}
            if shown:
                await self._show_writing(sorted(shown))

    async def _show_writing(self, conversation_ids: list[int]) -> None:
        """An agent writes an answer, never a note."""
        try:
            at = await self.viewing.at(conversation_ids)
            async with self.hub.transaction() as tx:
                names = await _first_names(tx, {agent for modes in at.values() for agent in modes})
        except (RedisError, *AGAIN, *AWAY) as error:
            log.info("typing not shown", error=repr(error)[:200])
            return
        for id_, modes in at.items():
            writers = [names.get(agent, "") for agent, mode in modes.items() if mode == "reply"]
            for visitor in self.by_conversation.get(id_, ()):
                self._tell_writing(visitor, writers[0] if writers else "")

    def _tell_writing(self, visitor: Visitor, name: str) -> None:
        if visitor.writing != name:
            visitor.writing = name
            visitor.tell({"t": "typing", "d": name})

    def _move(self, visitor: Visitor, conversation_id: int | None) -> None:
        before = visitor.conversation_id
        if before == conversation_id:
            return
        if before is not None:
            self.by_conversation[before].discard(visitor)
            if not self.by_conversation[before]:
                del self.by_conversation[before]
        if conversation_id is not None:
            self.by_conversation.setdefault(conversation_id, set()).add(visitor)
        visitor.conversation_id = conversation_id


async def _first_names(tx: Tx, agent_ids: set[int]) -> dict[int, str]:
    return {one.id: one.name.split(" ")[0] for one in await load_many(tx, sorted(agent_ids))}


def _thread(topic: str) -> int:
    kind, _colon, number = topic.partition(":")
    return int(number) if kind == "thread" and number.isdigit() else 0


VISITORS = web.AppKey("visitors", Visitors)


class Bucket:
    """So many at once, and so many a second after that."""

    def __init__(self, most: float, a_second: float) -> None:
        self.most, self.a_second = most, a_second
        self.left, self.at = most, monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = monotonic()
        self.left = min(self.most, self.left + (now - self.at) * self.a_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
