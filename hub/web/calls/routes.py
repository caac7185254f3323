"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.calls import drawn, pages

drawn.register_all()

ROUTES: list[RouteDef] = [
    get("/calls", pages.mine),
    post("/c/{id}/calls", pages.start),
    post("/c/{id}/calls/{call_id}/hang-up", pages.hang_up),
]
