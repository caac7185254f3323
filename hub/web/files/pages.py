"""GET /files/{token}/pages/{n} and …/small/{n}: a document's pages as pictures, drawn in a child process and kept."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from aiohttp import web

from hub.channels.paper.asking import Draw, ask
from hub.channels.paper.bounds import Unfit
from hub.conversations import page_pictures
from hub.conversations.page_pictures import Document
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.files.serving import HEADERS
from hub.web.inbox.asked import must_see
from hub.web.requests import hub_of, person_of

SMALL, LARGE = 240, 1240
TOGETHER = 8
SECONDS = 8.0
_drawing: WeakValueDictionary[tuple[int, int, int], asyncio.Lock] = WeakValueDictionary()


async def large(request: web.Request) -> web.StreamResponse:
    """One page to read, for whoever may see the message. Raises NotFound."""
    return await _shown(request, LARGE)


async def small(request: web.Request) -> web.StreamResponse:
    """One page as the bubble shows it. Raises NotFound."""
    return await _shown(request, SMALL)


async def _shown(request: web.Request, width: int) -> web.StreamResponse:
    hub = hub_of(request)
    number = int(request.match_info["n"])
    async with hub.transaction() as tx:
        document = await page_pictures.document(tx, request.match_info["token"])
        if document is None or document.conversation_id is None or not 1 <= number <= document.pages:
            raise NotFound(_("There is nothing here, or you may not see it."))
        await must_see(tx, document.conversation_id, person_of(request))
    file = await _picture(hub, document, number, width)
    if not file:
        raise NotFound(_("This page cannot be shown as a picture."))
    headers = HEADERS | {
        "Content-Type": "image/png",
        "Cache-Control": "private, max-age=600",
        # a picture we drew; browsers lay out a picture alone with a style of their own
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
    }
    return web.FileResponse(hub.files.path(file), headers=headers)


async def _picture(hub: Hub, document: Document, number: int, width: int) -> str:
    """The kept picture, or a new one; a bubble asks for many pages at once and they are drawn together."""
    first = (number - 1) // TOGETHER * TOGETHER + 1 if width == SMALL else number
    lock = _drawing.setdefault((document.id, first, width), asyncio.Lock())
    async with lock:
        async with hub.transaction() as tx:
            found = await page_pictures.picture(tx, document.id, number, width)
        if found is not None:
            return found
        last = min(first + TOGETHER - 1, document.pages) if width == SMALL else number
        files = await _drawn(hub, document, range(first, last + 1), width)
        async with hub.transaction() as tx:
            await page_pictures.keep(tx, document.id, width, files)
    return dict(files).get(number, "")


async def _drawn(hub: Hub, document: Document, numbers: range, width: int) -> list[tuple[int, str]]:
    """Files by page; "" for what cannot be drawn, so that a bomb burns its limits once."""
    content = await hub.files.get(document.file)
    try:
        answer = await ask(Draw(content, tuple(numbers), width), seconds=SECONDS)
    except Unfit:
        if len(numbers) == 1:
            return [(numbers[0], "")]
        return [
            one for number in numbers for one in await _drawn(hub, document, range(number, number + 1), width)
        ]
    return [
        (number, await hub.files.put(picture)) for number, picture in zip(numbers, answer.parts, strict=True)
    ]
