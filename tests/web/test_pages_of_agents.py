"""The pages about the people who work here: shown, used, refused."""

from __future__ import annotations

import re

import pytest

from tests.web.browsing import Web
from tests.world import World

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    "path",
    [
        "/me",
        "/absences",
        "/admin",
        "/admin/agents",
        "/admin/agents/1",
        "/admin/teams",
        "/admin/teams/1",
        "/admin/tokens",
    ],
)
@pytest.mark.parametrize("language", ["es", "en"])
async def test_an_admin_sees_every_page(site: Web, world: World, path: str, language: str) -> None:
    await site.hub.pool.execute("UPDATE agent SET language = $2 WHERE id = $1", world.berta, language)
    text = await (await site.browser(world.berta)).text(path)
    assert f'<html lang="{language}"' in text


async def test_only_admins_reach_the_settings(site: Web, world: World) -> None:
    for who in (world.ana, world.lola, world.mario, world.olga):
        browser = await site.browser(who)
        for path in ("/admin", "/admin/agents", "/admin/agents/1", "/admin/teams", "/admin/tokens"):
            assert (await browser.get(path)).status == 403, path


async def test_an_invited_person_chooses_a_password_and_is_in(site: Web, world: World) -> None:
    berta = await site.browser(world.berta)
    form = {"name": "Clara Núñez", "email": "clara@dialogo.test", "role": "agent", "language": "es"}
    answer = await berta.post("/admin/agents", form)
    link = re.search(r"/invitation/([\w-]+)", await answer.text())
    assert link
    clara = await site.browser()
    assert "Clara" in await clara.text(link[0])
    assert (await clara.post(link[0], {"password": "short"})).status == 422
    assert (await clara.post(link[0], {"password": PASSWORD})).headers["Location"] == "/"
    assert "Clara" in await clara.text("/me")
    assert (await clara.get(link[0])).status == 404


async def test_somebody_who_leaves_hands_over_what_they_have(site: Web, world: World) -> None:
    berta, ana = await site.browser(world.berta), await site.browser(world.ana)
    answer = await berta.post(f"/admin/agents/{world.ana}/deactivate", {})
    assert answer.status == 422
    answer = await berta.post(f"/admin/agents/{world.ana}/deactivate", {"to": str(world.luis)})
    assert answer.status == 303, await answer.text()
    assert (
        await site.hub.pool.fetchval("SELECT owner_id FROM account WHERE id = $1", world.acme) == world.luis
    )
    assert (await ana.get("/me")).status == 303


async def test_the_last_admin_stays(site: Web, world: World) -> None:
    berta = await site.browser(world.berta)
    form = {"name": "Berta", "role": "agent", "capacity": "20"}
    assert (await berta.post(f"/admin/agents/{world.berta}", form)).status == 422
    answer = await berta.post(f"/admin/agents/{world.berta}/deactivate", {"to": str(world.luis)})
    assert answer.status == 422
    assert (await berta.get("/admin")).status == 200


async def test_an_agent_enters_their_own_absence_and_a_lead_anybodys(site: Web, world: World) -> None:
    form = {"starts": "2030-08-01T09:00", "ends": "2030-08-15T09:00", "deputy": str(world.luis)}
    ana, lola = await site.browser(world.ana), await site.browser(world.lola)
    assert (await ana.post("/absences", {**form, "agent": str(world.olga)})).status == 404
    assert (await ana.post("/absences", form)).status == 303
    assert (await lola.post("/absences", {**form, "agent": str(world.olga)})).status == 303
    text = await ana.text("/absences")
    assert "Olga" in text
    assert (await ana.post("/absences", {**form, "starts": "soon"})).status == 422
    starts = await site.hub.pool.fetchval("SELECT starts_at FROM absence WHERE agent_id = $1", world.ana)
    assert starts.isoformat() == "2030-08-01T07:00:00+00:00"
    olgas = await site.hub.pool.fetchval("SELECT id FROM absence WHERE agent_id = $1", world.olga)
    assert (await ana.post(f"/absences/{olgas}/cancel")).status == 404
    assert (await lola.post(f"/absences/{olgas}/cancel")).status == 303


async def test_preferences_change_one_by_one_or_all_at_once(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    answer = await ana.post("/me/preferences", {"theme": "dark"}, headers={"Accept": "application/json"})
    assert await answer.json() == {"ok": True}
    assert 'data-theme="dark"' in await ana.text("/me")
    assert (await ana.post("/me/preferences", {"theme": "pink"})).status == 422
    assert (await ana.post("/me/preferences", {"time_zone": "../../etc/passwd"})).status == 422
    answer = await ana.post("/me/preferences", {"language": "en", "next": "/absences"})
    assert answer.headers["Location"] == "/absences"
    assert (await ana.post("/me/presence", {"here": "0"})).status == 303
    assert await site.hub.pool.fetchval("SELECT NOT available FROM presence WHERE agent_id = $1", world.ana)


async def test_a_token_is_shown_once_and_revoked(site: Web, world: World) -> None:
    berta = await site.browser(world.berta)
    answer = await berta.post("/admin/tokens", {"name": "Shop", "agent": str(world.ana)})
    secret = re.search(r"hub_[\w-]{43}", await answer.text())
    assert secret
    assert secret[0] not in await berta.text("/admin/tokens")
    id_ = await site.hub.pool.fetchval("SELECT id FROM token")
    assert (await berta.post(f"/admin/tokens/{id_}/revoke")).status == 303
    assert await site.hub.pool.fetchval("SELECT revoked_at IS NOT NULL FROM token")


async def test_what_was_given_up_is_listed_and_tried_again(site: Web, world: World) -> None:
    pool = site.hub.pool
    id_ = await pool.fetchval(
        "INSERT INTO todo (kind, ref, attempts, error, due_at) "
        "VALUES ('media', 7, 14, 'HTTP 404', 'infinity') RETURNING id"
    )
    berta, ana = await site.browser(world.berta), await site.browser(world.ana)
    text = await berta.text("/admin")
    assert "Traer un archivo de un proveedor" in text
    assert "HTTP 404" in text
    assert (await ana.post(f"/admin/parked/{id_}/again", {})).status == 403
    assert (await berta.post(f"/admin/parked/{id_}/again", {})).status == 303
    assert await pool.fetchval("SELECT (attempts, due_at <= now()) = (0, true) FROM todo WHERE id = $1", id_)
    assert (await berta.post(f"/admin/parked/{id_}/again", {})).status == 404
