"""A marketer in a real Chromium: builds the audience, writes with a preview, reviews, approves, and watches it live."""

from __future__ import annotations

from playwright.async_api import expect

from hub.campaigns import steps
from hub.customers.consent import Wish, record
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import worked
from tests.web.windows import Desk
from tests.world import World


async def test_a_campaign_from_its_audience_to_its_live_page(desk: Desk, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        yes = Wish(
            address_id=world.marta_address, purpose="marketing", granted=True, source="agent", proof="feria"
        )
        await record(tx, [yes])
    page = await desk.open(world.mario, "/segments/new")
    await page.fill("[name=name]", "Los de oro")
    await page.select_option("[name='c.0.0.field']", "tier")
    await page.fill("input.input[name='c.0.0.any_of']", "gold")
    await expect(page.locator("#audience .tally")).to_contain_text("1 a quienes se puede escribir, de 1")
    await expect(page.locator("#audience .people")).to_contain_text("Marta Ruiz")
    await page.click("[value='row:0']")
    await expect(page.locator("[name='c.0.1.field']")).to_be_focused()
    await page.click("[value='drop:0.1']")
    await expect(page.locator("[name='c.0.1.field']")).to_have_count(0)
    await expect(page.locator("[name='c.0.0.any_of']")).to_have_value("gold")
    await page.click(".head-row .btn")

    await page.goto(f"{desk.origin}/campaigns/new")
    await page.fill("[name=name]", "Otoño")
    await page.click("text=Empezar")
    await page.select_option("[name=segment_id]", label="Los de oro")
    await expect(page.locator("#audience")).to_contain_text("Marta Ruiz")
    await expect(page.locator("#checks [data-state=done]").first).to_contain_text("Los de oro")
    await page.click("text=Seguir con el mensaje")
    async with page.expect_navigation():  # the texts a channel can carry depend on it
        await page.check("[name=channel_ids]")
    await page.fill("[name=subject]", "Hola {{ contact.first_name }}")
    await page.fill("[name=text]", "Toca revisión. {{ unsubscribe.link }}")
    await expect(page.locator("#preview .subject")).to_have_text("Hola Marta")
    await page.fill("[name=text]", "Toca {{ contact.nmae }}")
    await expect(page.locator("#preview [role=alert]")).to_contain_text("contact.nmae")
    await expect(page.locator("[data-said]")).to_have_class("saved dim only-js wrong")
    assert [told for told in desk.complaints if "422" not in told] == []
    desk.complaints.clear()
    await page.fill(
        "[name=text]", "Toca revisión en {{ account.name|default('casa') }}. {{ unsubscribe.link }}"
    )
    await expect(page.locator("#preview .said")).to_contain_text("en Acme")
    await expect(page.locator("[data-said]")).to_contain_text("Guardado")
    id_ = int(page.url.split("/")[4])
    async with hub.transaction() as tx:  # Lola writes at the same sentence meanwhile
        hers = steps.Wanted(subject="Hola {{ contact.first_name }}", text="Toca ya. {{ unsubscribe.link }}")
        await steps.say(tx, id_, hers, agent_id=world.lola)
    await page.fill("[name=text]", "Toca revisión. {{ unsubscribe.link }}")
    await expect(page.locator("[data-said]")).to_contain_text("Lola también")
    assert [told for told in desk.complaints if "409" not in told] == []
    await page.click("[data-both]")
    await expect(page.locator(".clash")).to_contain_text("ya.")
    await page.click(".clash .primary")
    await expect(page.locator(".banner.ok")).to_contain_text("Guardado")
    await expect(page.locator("[name=text]")).to_have_value("Toca revisión. {{ unsubscribe.link }}")
    assert [told for told in desk.complaints if "409" not in told] == []
    desk.complaints.clear()
    await page.goto(page.url.replace("message", "review"))
    await page.click("text=Preparar los mensajes")
    await worked(hub, id_)
    await page.click("text=Verlos")  # the page asked by itself whether it is ready
    await expect(page.locator(".letter-of")).to_have_count(1)
    await expect(page.locator(".letter-of .subject")).to_have_text("Hola Marta")
    await page.click("text=Aprobarlos todos")
    await expect(page.locator(".run .pill")).to_have_text("Programada")
    await hub.pool.execute("UPDATE campaign SET state = 'running', started_at = now() WHERE id = $1", id_)
    async with hub.transaction() as tx:
        tx.signal("campaign", id_, [f"campaign:{id_}"])
    await expect(page.locator(".run .pill")).to_have_text("En marcha")
    await page.click("text=Pausar")
    await expect(page.locator(".note-line")).to_contain_text("No sale nada nuevo")
    await page.set_viewport_size({"width": 390, "height": 844})
    wider = (
        "[...document.querySelectorAll('main, .table-wrap')].some(one => one.scrollWidth > one.clientWidth)"
    )
    for path in ("/campaigns", f"/campaigns/{id_}/report"):
        await page.goto(f"{desk.origin}{path}")
        await expect(page.locator("td").first).to_be_visible()
        assert not await page.evaluate(wider), f"on a telephone {path} is read downwards only"
