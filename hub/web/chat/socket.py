"""The visitor's socket. In: {"t": "seen", "id", "read"}, {"t": "typing"}. Out: messages, typing, as they change.

The token comes as the second sub-protocol: never in an address, which proxies and logs keep.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec
import structlog
from aiohttp import WSMsgType, web
from redis.exceptions import RedisError

from hub.channels import connections
from hub.conversations import chats
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.errors import Unavailable
from hub.web.chat import asked
from hub.web.chat.saying import name_of, note_seen
from hub.web.chat.visitors import VISITORS, Bucket, Visitor, Visitors
from hub.web.fanout import FANOUT
from hub.web.live import VIEWING, kept_up
from hub.web.requests import HUB, hub_of, peer_of
from hub.web.sockets import GONE_AWAY, MISBEHAVED, MOST_BUFFERED, SIGNED_OUT, text_frame

log = structlog.get_logger(__name__)

BEAT_SECONDS = 25.0
LONGEST = 2_048
MOST_OF_AN_ADDRESS = 300
MOST_OF_A_VISITOR = 20
MOST_HERE = 20_000
MOST_JUNK = 10
_from: Counter[str] = Counter()


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever a frame may say."""

    t: Literal["seen", "typing", "ping"]
    id: int = 0
    read: bool = False


async def run(app: web.Application) -> AsyncIterator[None]:
    """The visitors of one process, for as long as the application lives."""
    visitors = app[VISITORS] = Visitors(app[HUB], app[FANOUT], app[VIEWING])
    async with kept_up(visitors.beat, visitors.watch):
        yield


async def close_all(app: web.Application) -> None:
    """At the end of the process every chat is told, so that it goes to another at once."""
    visitors = app[VISITORS]
    visitors.closing = True
    for visitor in list(visitors.all):
        visitor.tell({"t": "again"})
    await asyncio.gather(*(ws.close(code=GONE_AWAY) for ws in list(visitors.sockets)))


async def serve(request: web.Request) -> web.WebSocketResponse:
    """GET /widget/ws. Raises Forbidden for another site's page; an unknown token closes with 4401."""
    asked.from_our_frame(request)
    ws = web.WebSocketResponse(
        heartbeat=BEAT_SECONDS, max_msg_size=LONGEST, compress=False, protocols=(asked.PROTOCOL,)
    )
    await ws.prepare(request)
    offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    peer = peer_of(request)
    if _from[peer] >= MOST_OF_AN_ADDRESS or _from.total() >= MOST_HERE:
        await ws.close(code=MISBEHAVED)
        return ws
    _from[peer] += 1  # before anything is awaited: a flood is counted as it comes
    try:
        await _serve(request, ws, offered[1] if len(offered) == 2 else "")
    finally:
        _from[peer] -= 1
        if not _from[peer]:
            del _from[peer]
    return ws


async def _serve(request: web.Request, ws: web.WebSocketResponse, secret: str) -> None:
    hub, visitors = hub_of(request), request.app[VISITORS]
    async with hub.transaction() as tx:
        session = await chats.find(tx, secret)
        channel = await connections.load(tx, session.channel_id) if session else None
    if session is None or channel is None or not asked.has_widget(channel):
        await ws.close(code=SIGNED_OUT)
        return
    if visitors.of_session(session.id) >= MOST_OF_A_VISITOR:
        await ws.close(code=MISBEHAVED)
        return
    visitor = Visitor(channel, session, _writer(request))
    visitors.add(visitor)
    visitors.sockets.add(ws)
    try:
        async with hub.transaction() as tx:
            await chats.here(tx, [session.id])
        await visitors.refresh(visitor)
        await _listen(request, ws, visitor)
    finally:
        visitors.remove(visitor)
        visitors.sockets.discard(ws)
        request.app[FANOUT].aside(_leave(request, visitors, session.id))


async def _listen(request: web.Request, ws: web.WebSocketResponse, visitor: Visitor) -> None:
    often, typing, junk = Bucket(30, 5), Bucket(1, 1 / 3), 0
    async for message in ws:
        heard = _understood(message.data) if message.type is WSMsgType.TEXT else None
        junk += heard is None
        if junk > MOST_JUNK or not often.take():
            await ws.close(code=MISBEHAVED)
            return
        try:
            if heard is not None and heard.t == "seen":
                state = "read" if heard.read else "delivered"
                await note_seen(request, visitor.channel, visitor.session, heard.id, state)
            elif heard is not None and heard.t == "typing" and typing.take() and visitor.conversation_id:
                name = name_of(visitor.session)
                await request.app[VISITORS].viewing.note_visitor(visitor.conversation_id, name)
        except (RedisError, Unavailable, *AGAIN, *AWAY) as error:
            log.info("a visitor's signal is lost", error=repr(error)[:200])


async def _leave(request: web.Request, visitors: Visitors, session_id: int) -> None:
    if visitors.closing or visitors.of_session(session_id):
        return
    try:
        async with hub_of(request).transaction() as tx:
            await chats.left(tx, session_id)
    except (*AGAIN, *AWAY) as error:
        log.info("a visitor's leaving is noticed later", error=repr(error)[:200])


def _writer(request: web.Request) -> Any:
    """Hand a frame to the kernel; a visitor who does not read is dropped, never waited for."""

    def tell(told: dict[str, Any]) -> None:
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MOST_BUFFERED:
            transport.abort()
            return
        transport.write(text_frame(msgspec.json.encode(told)))

    return tell


def _understood(data: str) -> Heard | None:
    try:
        return msgspec.json.decode(data, type=Heard)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
