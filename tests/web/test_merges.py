"""Merging on the contact's page and over the API, and taking it back."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import api_of, served  # noqa: F401
from tests.web.browsing import Web
from tests.world import World


async def test_an_agent_merges_and_takes_it_back(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    page, form = f"/contacts/{world.marta}", f"/contacts/{world.marta}/merge"
    for wrong, said in (
        ("", "Escribe un nombre"),
        ("nadie", "Nadie más"),
        (f"#{world.marta}", "ya son la misma"),
    ):
        answer = await ana.post(form, {"other": wrong})
        assert answer.status == 200
        assert said in await answer.text()
    assert (await ana.post(form, {"other": "jorge@gmail.com"})).status == 303
    text = await ana.text(page)
    assert "jorge@gmail.com" in text
    assert "Jorge Díaz" in text
    assert "Jorge Díaz" in await ana.text("/merges")
    merge = await site.hub.pool.fetchval("SELECT id FROM merge")
    answer = await ana.post(f"/merges/{merge}/undo")
    assert answer.headers["Location"] == f"/merges?undone={merge}"
    assert "vuelven a ser dos personas" in await ana.text(answer.headers["Location"])
    assert "jorge@gmail.com" not in await ana.text(page)
    assert (await ana.post(f"/merges/{merge}/undo")).status == 409


async def test_the_api_merges_and_takes_it_back(api_of: Any, world: World) -> None:  # noqa: F811
    ana = await api_of(world.ana)
    status, kept = await ana.post(f"/contacts/{world.jorge}/merge", {"into": world.marta})
    assert (status, kept["id"]) == (200, world.marta)
    assert {one["value"] for one in kept["addresses"]} == {"marta@acme.test", "jorge@gmail.com"}
    assert (await ana.get(f"/contacts/{world.jorge}"))[1]["id"] == world.marta
    assert (await ana.post(f"/contacts/{world.jorge}/merge", {"into": world.marta}))[0] == 409
    status, parted = await ana.ask("DELETE", f"/contacts/{world.jorge}/merge")
    assert (status, parted["contact"]["id"], parted["other"]["id"]) == (200, world.jorge, world.marta)
    assert parted["mixed"] == []
    assert (await ana.ask("DELETE", f"/contacts/{world.jorge}/merge"))[0] == 404
