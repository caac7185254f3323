"""Two agents in a real Chromium over the real application: a mail arrives, is answered, undone, closed, found."""

from __future__ import annotations

from playwright.async_api import expect

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.web.windows import Desk
from tests.world import World


async def test_a_mail_is_seen_live_answered_undone_and_closed(desk: Desk, hub: Hub, world: World) -> None:
    ana = await desk.open(world.ana, "/inbox/mine")
    luis = await desk.open(world.luis, "/inbox/all")
    await expect(ana.locator("#rows > .row")).to_have_count(0)
    inbound = Inbound(hub)
    await inbound.start()
    await inbound.receive(world.mail, Raw(body=mail("Marta Ruiz <marta@acme.test>", message_id="<1@a.test>")))
    for page in (ana, luis):
        await expect(page.locator("#rows > .row")).to_have_count(1)
        await expect(page.locator("#rows > .row")).to_contain_text("Pedido 48213")
    await ana.keyboard.press("j")
    await ana.keyboard.press("Enter")
    await expect(ana.locator("#timeline .m")).to_have_count(1)
    await expect(ana.locator("#conv .why-line")).to_contain_text("Acme")
    await luis.keyboard.press("j")
    await luis.keyboard.press("Enter")
    await expect(luis.locator("#timeline .m")).to_have_count(1)
    await ana.keyboard.press("r")
    await ana.keyboard.type("Hola Marta: llega hoy.")
    await ana.keyboard.press("Control+Enter")
    await expect(ana.locator("#timeline .m.out")).to_have_count(1)
    await expect(luis.locator("#timeline .m.out")).to_contain_text("llega hoy")
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("z")
    await expect(luis.locator("#timeline .m.out")).to_have_count(0)
    await expect(ana.locator("#text")).to_have_value("Hola Marta: llega hoy.")
    await inbound.receive(
        world.mail,
        Raw(
            body=mail(
                "Marta Ruiz <marta@acme.test>", "Re: Pedido 48213", "¿Y bien?", in_reply_to="<1@a.test>"
            )
        ),
    )
    for page in (ana, luis):
        await expect(page.locator("#timeline .m")).to_have_count(2)
    await ana.locator("#conv .head button.close").click()
    await expect(ana.locator("#pick")).to_be_visible()
    await ana.keyboard.press("1")
    await ana.keyboard.press("1")
    await expect(ana.locator("#rows > .row")).to_have_count(0)
    await expect(luis.locator("#rows > .row")).to_have_count(0)
    await expect(luis.locator("#conv .head")).to_contain_text("Cerrada")
    await inbound.close()


async def test_notes_drafts_assignment_and_search_by_keyboard(desk: Desk, hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=mail("Jorge <jorge@gmail.com>", "Duda de Jorge")))
    await inbound.close()
    id_ = outcome.conversation_id
    ana = await desk.open(world.ana, f"/inbox/unassigned/c/{id_}")
    await expect(ana.locator("#timeline .m")).to_have_count(1)
    await ana.keyboard.press("n")
    await ana.keyboard.type("ojo, cliente antiguo")
    await ana.keyboard.press("Control+Enter")
    await expect(ana.locator("#timeline .m.note")).to_contain_text("cliente antiguo")
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("r")
    await ana.keyboard.type("empecé a escribir")
    await ana.wait_for_timeout(1500)
    again = await desk.open(world.ana, f"/c/{id_}")
    await expect(again.locator("#text")).to_have_value("empecé a escribir")
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("m")
    await expect(again.locator("#conv .head [data-act=assign]")).to_contain_text("Ana")
    await expect(again.locator("#timeline .sys").last).to_contain_text("Ana")


async def test_y_confirms_the_suggested_account_and_the_card_says_so(
    desk: Desk, hub: Hub, world: World
) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    outcome = await inbound.receive(world.mail, Raw(body=mail("Pepe Ferrer <pepe@acme.test>", "Presupuesto")))
    await inbound.close()
    ana = await desk.open(world.ana, f"/inbox/mine/c/{outcome.conversation_id}")
    await expect(ana.locator("#conv [data-suggestion]")).to_contain_text("Acme")
    await expect(ana.locator("#card .account .pill.warn")).to_have_count(1)
    await ana.keyboard.press("y")
    await expect(ana.locator("#conv [data-suggestion]")).to_have_count(0)
    await expect(ana.locator("#card .account .pill.warn")).to_have_count(0)
    async with hub.transaction() as tx:
        standing = await tx.value("SELECT account_standing FROM contact WHERE name = 'Pepe Ferrer'")
    assert standing == "confirmed"
