"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.agents import (
    absences,
    administration,
    first_run,
    invited,
    login,
    me,
    parked_pages,
    team_pages,
    token_pages,
)

OPEN: list[RouteDef] = [
    get("/login", login.show),
    post("/login", login.post),
    post("/logout", login.logout),
    get("/first-run", first_run.show),
    post("/first-run", first_run.post),
    get("/invitation/{token}", invited.show),
    post("/invitation/{token}", invited.post),
]
ROUTES: list[RouteDef] = [
    get("/me", me.show),
    post("/me/preferences", me.change),
    post("/me/password", me.change_password),
    post("/me/presence", me.change_presence),
    get("/absences", absences.show),
    post("/absences", absences.plan),
    post(r"/absences/{id:\d{1,18}}/cancel", absences.cancel),
    get("/admin", administration.overview),
    post(r"/admin/parked/{id:\d{1,18}}/again", parked_pages.try_again),
    get("/admin/agents", administration.show_all),
    post("/admin/agents", administration.add),
    get(r"/admin/agents/{id:\d{1,18}}", administration.show),
    post(r"/admin/agents/{id:\d{1,18}}", administration.change),
    post(r"/admin/agents/{id:\d{1,18}}/invite", administration.invite),
    post(r"/admin/agents/{id:\d{1,18}}/deactivate", administration.deactivate),
    post(r"/admin/agents/{id:\d{1,18}}/reactivate", administration.reactivate),
    get("/admin/teams", team_pages.show_all),
    post("/admin/teams", team_pages.add),
    get(r"/admin/teams/{id:\d{1,18}}", team_pages.show),
    post(r"/admin/teams/{id:\d{1,18}}", team_pages.change),
    get("/admin/tokens", token_pages.show_all),
    post("/admin/tokens", token_pages.add),
    post(r"/admin/tokens/{id:\d{1,18}}/revoke", token_pages.revoke),
]
