"""Two agents in a real Chromium over the real application: a mail arrives, is answered, undone, closed, found."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright, expect

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.web.browsing import COOKIE, Web
from tests.web.test_kernel import FLAGS
from tests.world import World


class Desk:
    """Opens pages as an agent; what the console complains about is kept."""

    def __init__(self, site: Web, browser: object) -> None:
        self.site, self.browser = site, browser
        self.origin = str(site.server.make_url("/")).rstrip("/")
        self.complaints: list[str] = []

    async def open(self, agent: int, path: str) -> Page:
        visitor = await self.site.browser(agent)
        context = await self.browser.new_context(locale="es-ES", viewport={"width": 1440, "height": 900})  # type: ignore[attr-defined]
        await context.add_cookies([{"name": COOKIE, "value": visitor.cookie, "url": self.origin}])
        page: Page = await context.new_page()
        page.on(
            "console", lambda told: told.type in ("error", "warning") and self.complaints.append(told.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.origin + path)
        return page


@pytest.fixture
async def desk(site: Web) -> AsyncIterator[Desk]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        desk = Desk(site, browser)
        yield desk
        await browser.close()
    assert desk.complaints == []


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
