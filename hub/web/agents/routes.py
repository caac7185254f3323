"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.agents import first_run, login, me

ROUTES: list[RouteDef] = [
    get("/login", login.show),
    post("/login", login.post),
    post("/logout", login.logout),
    get("/first-run", first_run.show),
    post("/first-run", first_run.post),
    get("/me", me.show),
    post("/me/preferences", me.change),
    post("/me/password", me.change_password),
    post("/me/presence", me.change_presence),
]
