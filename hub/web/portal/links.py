"""/l/{token} and /o/{token}.gif: a campaign's links, to the place stored for that message and nowhere else."""

from __future__ import annotations

import base64
from urllib.parse import quote

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.campaigns import tracking
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.portal import strangers
from hub.web.requests import hub_of

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point."""
AS_IT_IS = "%/:?#[]@!$&'()*+,;=~"
"""What stays in an address; only letters that cannot stand in a header are written otherwise (RFC 3987 §3.1)."""
PREFETCH = ("Purpose", "X-Purpose", "Sec-Purpose", "X-Moz")


async def follow(request: web.Request) -> web.Response:
    """GET /l/{token}. Raises NotFound, TooMany for links we did not make, whatever else they say (promise 64)."""
    hub = hub_of(request)
    number = hub.crypto.verify(tracking.LINK, request.match_info["token"])
    if number is None:
        raise await strangers.turned_away(request)
    async with hub.transaction() as tx:
        url = await tracking.follow(tx, *divmod(number, 1000), machine=_is_machine(request))
    if url is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return web.Response(status=302, headers=HEADERS | {"Location": quote(url, safe=AS_IT_IS)})


async def opened(request: web.Request) -> web.Response:
    """GET /o/{token}.gif: always the same picture; counted only for who agreed."""
    hub = hub_of(request)
    number = hub.crypto.verify(tracking.OPENED, request.match_info["token"])
    if number is not None and not _is_machine(request):
        async with hub.transaction() as tx:
            await tracking.note_opened(tx, number)
    headers = HEADERS | {"Cross-Origin-Resource-Policy": "cross-origin"}
    return web.Response(body=PICTURE, content_type="image/gif", headers=headers)


ROUTES: list[RouteDef] = [
    get(r"/l/{token:[a-z2-7]{20,60}}", follow),
    get(r"/o/{token:[a-z2-7]{20,60}}.gif", opened),
]


def _is_machine(request: web.Request) -> bool:
    """Whether it says itself that no person asks."""
    return request.method != "GET" or any(
        word in request.headers.get(name, "").lower() for name in PREFETCH for word in ("prefetch", "preview")
    )
