"""GET /files/{token} and POST /files: only for who may see the message, and nothing ever runs (promises 55–57)."""

from __future__ import annotations

import re
from urllib.parse import quote

from aiohttp import web
from aiohttp.web_request import FileField

from hub.conversations import media, originals
from hub.conversations.originals import StoredFile
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.inbox.asked import json_answer, must_see
from hub.web.requests import hub_of, person_of

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show by itself: pictures that cannot carry a script, told by their first bytes."""
NAMED = SHOWN | {"application/pdf", "text/plain", "audio/mpeg", "audio/ogg", "audio/wav", "image/tiff"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
FIRST_BYTES = 64


async def show(request: web.Request) -> web.StreamResponse:
    """A file of a message this person may see, or of their own not yet sent. Raises NotFound."""
    person = person_of(request)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        stored = await originals.file_by_token(tx, request.match_info["token"])
        if stored is None or (stored.conversation_id is None and stored.agent_id != person.id):
            raise NotFound(_("There is nothing here, or you may not see it."))
        if stored.conversation_id is not None:
            await must_see(tx, stored.conversation_id, person)
    path = hub.files.path(stored.file)
    with path.open("rb") as opened:
        type_ = type_of(opened.read(FIRST_BYTES), stored)
    headers = HEADERS | {
        "Content-Type": type_,
        "Content-Disposition": disposition(stored.name, type_ in SHOWN),
    }
    return web.FileResponse(path, headers=headers)


async def keep(request: web.Request) -> web.StreamResponse:
    """POST /files, field `file`: {id, name, type, size}; `id` is what a message names in `attachments`."""
    person = person_of(request)
    given = (await request.post()).get("file")
    if not isinstance(given, FileField):
        raise BadInput(_("Choose a file."), field="file")
    stored = await media.upload(
        hub_of(request), person.id, given.filename, given.file.read(), given.content_type
    )
    told = {"id": stored.token, "name": stored.name, "type": stored.type, "size": stored.size}
    return json_answer(told)


def type_of(first: bytes, stored: StoredFile) -> str:
    """The type we tell a browser: what the bytes are, else one of a few harmless ones, else just bytes."""
    found = media.sniffed(first, stored.name, stored.type)
    return found if found in NAMED else media.UNKNOWN


def disposition(name: str, inline: bool) -> str:
    """RFC 6266 with RFC 5987: a plain name for the old, the real one for the others; never a path."""
    name = media.file_name(name)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
