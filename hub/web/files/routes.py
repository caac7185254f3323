"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.files import mail, pages, serving

ROUTES: list[RouteDef] = [
    post("/files", serving.keep),
    get("/files/{token}", serving.show),
    get(r"/files/{token}/pages/{n:\d{1,3}}", pages.large),
    get(r"/files/{token}/small/{n:\d{1,3}}", pages.small),
    get("/m/{id}/html", mail.show),
    get("/m/{id}/raw", mail.raw),
]
