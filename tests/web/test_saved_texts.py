"""Saved texts as people use them: kept on their page, found by / in the composer, sent without a hole, macros told."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from hub.conversations import saved_texts
from hub.conversations.saved_texts import Actions, Wanted
from hub.plumbing.hub import Hub
from tests.api.conftest import api_of, served
from tests.conversations.making import conversation, said
from tests.web.browsing import Web
from tests.web.windows import Desk
from tests.world import World

__all__ = ["api_of", "served"]
JSON = {"Accept": "application/json"}
GREETING = "Hola {{ contact.first_name }}, llámanos: {{ contact.phone }}"


async def test_quick_replies_and_macros_in_the_composer_and_the_live_preview(
    desk: Desk, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana, account=world.acme)
        await said(tx, world, id_)
        await saved_texts.create(
            tx, Wanted(title="Saludo", shortcut="hola", text=GREETING), agent_id=world.ana
        )
        await saved_texts.create(
            tx,
            Wanted(
                title="Despedida", text="Gracias, {{ agent.name }}", actions=Actions(tags=["fin"], close=True)
            ),
            agent_id=world.ana,
        )
        await saved_texts.create(
            tx, Wanted(title="Urgente", shortcut="u", actions=Actions(priority="urgent")), agent_id=world.ana
        )
    ana = await desk.open(world.ana, f"/inbox/mine/c/{id_}")
    text, options, reads = (
        ana.locator("#text"),
        ana.locator(".quick li[role=option]"),
        ana.locator(".quick .reads"),
    )
    await text.press_sequentially("Sí/no /")
    await expect(options).to_have_text(["Despedida", "Saludo/hola", "Urgente/u"])
    await text.press("Escape")
    await expect(options).to_have_count(0)
    await text.fill("")
    await text.press_sequentially("/hol")
    await expect(options).to_have_count(1)
    await expect(reads).to_contain_text("Hola Marta, llámanos")
    await expect(reads.locator("mark")).to_have_text("{{ contact.phone }}")
    await text.press("Enter")
    await expect(text).to_have_value("Hola Marta, llámanos: {{ contact.phone }}")
    await text.press("Control+Enter")
    await expect(ana.locator("#timeline .m.out")).to_have_count(0)
    await expect(ana.locator("[data-status]")).to_contain_text("Rellena {{ contact.phone }}")
    await ana.keyboard.type("600 1 /gracias")
    await expect(reads).to_contain_text("Gracias, Ana")
    await expect(reads.locator(".does li")).to_have_text(["Le pone etiquetas: fin", "La cierra"])
    await text.press("Enter")
    await expect(text).to_have_value("Hola Marta, llámanos: 600 1 Gracias, Ana")
    await expect(ana.locator("[data-chips]")).to_contain_text("Le pone etiquetas: fin · La cierra")
    await text.press("Control+Enter")
    await expect(ana.locator("#timeline .m.out[data-id]")).to_contain_text("llámanos: 600 1 Gracias, Ana")
    row = await hub.pool.fetchrow("SELECT state, tags, priority FROM conversation WHERE id = $1", id_)
    assert (row["state"], row["tags"], row["priority"]) == ("closed", ["fin"], "normal")
    await text.press_sequentially("/u")
    await text.press("Enter")
    await expect(ana.locator("#toasts")).to_contain_text("Prioridad: Urgente")
    await expect(text).to_have_value("")
    assert await hub.pool.fetchval("SELECT priority FROM conversation WHERE id = $1", id_) == "urgent"

    await ana.goto(f"{desk.origin}/saved-texts/new")
    await ana.fill("[name=who]", "marta")
    await ana.fill("[name=text]", "Hola {{ contact.name }}, {{ contact.phone }}")
    await expect(ana.locator("#preview")).to_contain_text("Con los datos de Marta Ruiz (Acme)")
    await expect(ana.locator("#preview .said")).to_have_text("Hola Marta Ruiz, {{ contact.phone }}")
    await ana.fill("[name=text]", "Hola\n{{ contact.nmae }}")
    await expect(ana.locator("#preview")).to_contain_text("Línea 2: no existe la variable «contact.nmae»")


async def test_the_page_keeps_changes_and_retires_them(site: Web, hub: Hub, world: World) -> None:
    ana = await site.browser(world.ana)
    assert "Todavía no hay textos guardados" in await ana.text("/saved-texts")
    wrong = await ana.post("/saved-texts", {"title": "A", "text": "{{ 7*7 }}"})
    assert wrong.status == 422
    assert "Línea 1: aquí no se puede calcular nada" in await wrong.text()
    odd = await ana.post("/saved-texts", {"title": "A", "text": GREETING, "priority": "huge"})
    assert odd.status == 422  # and the preview beside it bears with it
    made = await ana.post("/saved-texts", {"title": "A <b>", "text": GREETING, "tags": "a, b", "close": "1"})
    place = made.headers["Location"].partition("?")[0]
    await ana.post(place, {"title": "A <b>", "text": "Hola", "html": '"><script>x</script>'})
    page = await ana.text(place)
    assert "Versiones" in page
    assert "A &lt;b&gt;" in page
    assert "<script>x" not in page
    await ana.post(f"{place}/use", {"active": "0"})
    assert "A &lt;b&gt;" not in await ana.text("/saved-texts")
    assert "A &lt;b&gt;" in await ana.text("/saved-texts?retired=1")
    assert (await ana.get("/saved-texts/987654")).status == 404


async def test_nothing_leaves_with_a_hole_and_the_outsider_learns_nothing(
    site: Web, hub: Hub, world: World, api_of: Any
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.olga, team=world.legal)
        await said(tx, world, id_)
        macro = await saved_texts.create(
            tx, Wanted(title="A", text="x", actions=Actions(close=True)), agent_id=world.ana
        )
    ana, olga = await site.browser(world.ana), await site.browser(world.olga)
    assert (await ana.get(f"/c/{id_}/saved-texts", headers=JSON)).status == 404
    assert (await ana.post(f"/c/{id_}/macro", {"macro": f"{macro.id}.1"}, headers=JSON)).status == 404
    assert (await olga.get(f"/c/{id_}/saved-texts", headers=JSON)).status == 200
    for bad in ("", "x", f"{macro.id}", f"{macro.id}.2", "1.1.1", "9" * 30 + ".1"):
        assert (await olga.post(f"/c/{id_}/macro", {"macro": bad}, headers=JSON)).status in (404, 422), bad
    holed = await olga.post(f"/c/{id_}/messages", {"text": GREETING}, headers=JSON)
    assert (holed.status, (await holed.json())["error"]["field"]) == (422, "text")

    api = await api_of(world.olga)
    status, made = await api.post(
        "/saved_texts", {"title": "B", "text": GREETING, "actions": {"close": True}}
    )
    assert (status, made["without_default"]) == (201, ["contact.first_name", "contact.phone"])
    path = f"/conversations/{id_}/messages"
    status, told = await api.post(path, {"saved_text": made["id"]})
    assert (status, told["error"]["message"]) == (422, "Rellena {{ contact.phone }}.")
    assert (await api.post(path, {"saved_text": made["id"], "text": "y"}))[1]["error"][
        "field"
    ] == "saved_text"
    text = 'Hola {{ contact.first_name }}, {{ contact.phone|default("escríbenos") }}'
    status, changed = await api.patch(f"/saved_texts/{made['id']}", {"text": text})
    assert (status, changed["version"], changed["without_default"]) == (200, 2, ["contact.first_name"])
    wanted = {"saved_text": made["id"], "client_id": "once"}
    status, sent = await api.post(path, wanted)
    assert (status, sent["text"]) == (201, "Hola Marta, escríbenos")
    assert await hub.pool.fetchval("SELECT state FROM conversation WHERE id = $1", id_) == "closed"
    await hub.pool.execute("UPDATE conversation SET state = 'open', closed_at = NULL WHERE id = $1", id_)
    assert (await api.post(path, wanted))[1]["id"] == sent["id"]
    assert await hub.pool.fetchval("SELECT state FROM conversation WHERE id = $1", id_) == "open", "done once"
    assert (await api.get("/saved_texts?q=saludo"))[1]["items"] == []
