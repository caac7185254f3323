"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.files import mail, serving

ROUTES: list[RouteDef] = [
    post("/files", serving.keep),
    get("/files/{token}", serving.show),
    get("/m/{id}/html", mail.show),
    get("/m/{id}/raw", mail.raw),
]
