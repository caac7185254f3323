"""GET /v/{token}: one message of ours, for whoever has the link; nothing of the conversation around it."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.conversations import linked, media
from hub.conversations.linked import Linked, LinkedFile
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import LANGUAGES, _
from hub.web import render, shell
from hub.web.files.serving import FIRST_BYTES, HEADERS, NAMED, SHOWN, disposition
from hub.web.requests import hub_of
from hub.web.views import Scope, View

PRIVATE = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}


class LinkedPage(View, frozen=True, kw_only=True):
    """GET /v/{token}; `path` is its own address."""

    found: Linked
    path: str


async def show(request: web.Request) -> web.StreamResponse:
    """The message, in its own language. Raises NotFound for a forged or old link, saying nothing more."""
    found = await _opened(request)
    known = found.language[:2].lower()
    scope = Scope(language=known if known in LANGUAGES else "en", address=request.path)
    answer = shell.html(render.page("linked/page.html", LinkedPage(found=found, path=request.path), scope))
    answer.headers.update(PRIVATE)
    return answer


async def file(request: web.Request) -> web.StreamResponse:
    """One of its files. Raises NotFound."""
    found = await _opened(request)
    wanted = [one for one in found.files if one.token == request.match_info["file"]]
    if not wanted:
        raise NotFound(_("There is nothing here, or you may not see it."))
    path = hub_of(request).files.path(wanted[0].file)
    with path.open("rb") as opened:
        type_ = _type_of(opened.read(FIRST_BYTES), wanted[0])
    headers = (
        HEADERS
        | PRIVATE
        | {
            "Content-Type": type_,
            "Content-Disposition": disposition(wanted[0].name, type_ in SHOWN),
        }
    )
    return web.FileResponse(path, headers=headers)


def _type_of(first: bytes, stored: LinkedFile) -> str:
    found = media.sniffed(first, stored.name, stored.type)
    return found if found in NAMED else media.UNKNOWN


async def _opened(request: web.Request) -> Linked:
    hub = hub_of(request)
    async with hub.transaction() as tx:
        found = await linked.opened(tx, hub.crypto, request.match_info["token"])
    if found is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return found


ROUTES: list[RouteDef] = [
    get(r"/v/{token:[a-z2-7]{20,40}}", show),
    get(r"/v/{token:[a-z2-7]{20,40}}/{file:[\w-]{10,60}}", file),
]
