"""The address of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get

from hub.web.search import page

ROUTES: list[RouteDef] = [get("/search", page.show)]
