"""What a visitor reads without a socket: files of their own chat, and news by long polling."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
from aiohttp import web

from hub.channels.registry import adapter
from hub.conversations import chat_view
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.chat import asked, uploads
from hub.web.chat.visitors import VISITORS, Visitor
from hub.web.files.serving import HEADERS as FILE_HEADERS
from hub.web.files.serving import disposition
from hub.web.forms import json_of
from hub.web.requests import hub_of

POLL_SECONDS = 25.0


class Have(msgspec.Struct, frozen=True, kw_only=True):
    """POST /widget/{key}/poll: what the page already shows, as `poll` last named it."""

    have: str = ""


async def file(request: web.Request) -> web.StreamResponse:
    """A file of a message this visitor sees; always a download, nothing of it runs here."""
    channel, session = await asked.visitor(request)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        can = adapter(channel.kind).can
        found = await chat_view.file(tx, session, can.address_type, request.match_info["token"])
    if found is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    headers = FILE_HEADERS | {
        "Content-Type": found.type if found.type in uploads.SHOWN else "application/octet-stream",
        "Content-Disposition": disposition(found.name, False),
    }
    return web.FileResponse(hub.files.path(found.file), headers=headers)


async def poll(request: web.Request) -> web.StreamResponse:
    """For networks without WebSockets: {have, messages, typing, ending}, at once if not as in `have`, else in 25 s."""
    asked.from_our_frame(request)
    channel, session = await asked.visitor(request)
    await asked.within(request, "poll", 60, of=str(session.id))
    await asked.within(request, "polls", asked.OTHERS_A_MINUTE)
    have = (await json_of(request, Have)).have
    visitors, news = request.app[VISITORS], asyncio.Event()
    visitor = Visitor(channel, session, lambda told: news.set())
    visitors.add(visitor)
    try:
        await visitors.refresh(visitor)
        if _named(visitor) == have:
            news.clear()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await news.wait()
            except TimeoutError:
                return asked.told({"have": have, "messages": [], "typing": visitor.writing})
    finally:
        visitors.remove(visitor)
    messages = [msgspec.json.decode(look) for look in visitor.told.values()]
    told = {"have": _named(visitor), "messages": messages, "typing": visitor.writing}
    return asked.told(told | {"ending": msgspec.structs.asdict(visitor.ending)})


def _named(visitor: Visitor) -> str:
    """One name for all this visitor was told."""
    digest = hashlib.sha256(f"{visitor.writing} {visitor.ending}".encode())
    for id_, look in sorted(visitor.told.items()):
        digest.update(b"%d%b" % (id_, look))
    return digest.hexdigest()[:20]
