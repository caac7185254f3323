"""The search page: found, marked, escaped, and blind to what an outsider may not see."""

from __future__ import annotations

from hub.conversations.search_index import fill
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, said
from tests.web.browsing import Web
from tests.world import World


async def test_matches_are_marked_and_a_strangers_text_stays_text(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, subject="<script>alert(1)</script>")
        await fill(tx, [await said(tx, world, id_, "Mi <img src=x onerror=alert(1)> pedído 48213")])
    ana = await site.browser(world.ana)
    page = await ana.text("/search?q=pedido")
    assert "<mark>pedído</mark>" in page
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert f"/c/{id_}" in page


async def test_the_outsider_finds_nothing(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        secret = await conversation(tx, world, team=world.legal, subject="Despido")
        await fill(tx, [await said(tx, world, secret, "improcedente")])
    assert f"/c/{secret}" not in await (await site.browser(world.ana)).text("/search?q=improcedente")
    assert f"/c/{secret}" in await (await site.browser(world.olga)).text("/search?q=improcedente")


async def test_what_was_not_understood_is_said(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    assert "no es un estado" in await ana.text("/search?q=estado:rara")
    assert "Search" in await ana.text("/search") or "Buscar" in await ana.text("/search")
    for odd in ("???", "%00", "-x", '"', "a" * 3000, "%E2%82", "before%3A9999-99-99"):
        assert (await ana.get(f"/search?q={odd}&before=x%27")).status == 200, odd
