"""The page of a line waits: once the provider reaches us, its steps say so by themselves."""

from __future__ import annotations

import shutil

from playwright.async_api import async_playwright, expect

from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.registry import adapter
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from hub.web.requests import INBOUND
from tests.web.browsing import Web
from tests.web.test_kernel import FLAGS
from tests.world import World

MAIL = b"From: marta@acme.test\r\nTo: support@dialogo.test\r\nMessage-ID: <1@acme.test>\r\n\r\nHola\r\n"


async def test_the_page_of_a_line_waits_until_a_message_comes(site: Web, hub: Hub, world: World) -> None:
    berta = await site.browser(world.berta)
    async with hub.transaction() as tx:
        channel = await connections.load(tx, world.mail.id)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = await browser.new_context()
        url = str(berta.client.make_url("/"))
        await context.add_cookies([{"name": "hub", "value": berta.cookie, "url": url}])
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        await page.goto(f"{url}admin/channels/{channel.id}")
        await expect(page.locator("[data-state=waiting]")).to_have_count(1)
        raw = Raw(body=MAIL)
        facts = adapter("email").parse(raw, channel.line(hub.crypto))
        inbound: Inbound = site.server.app[INBOUND]
        await inbound.receive(channel, raw, facts)
        await expect(page.locator("[data-state=waiting]")).to_have_count(0)
        await expect(page.locator("[data-state=done]")).to_have_count(1)
        await browser.close()
    assert not complaints
