"""The page of a line waits: once the provider reaches us, its steps say so by themselves."""

from __future__ import annotations

from playwright.async_api import expect

from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.registry import adapter
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from hub.web.requests import INBOUND
from tests.web.browsing import Web
from tests.web.windows import Desk
from tests.world import World

MAIL = b"From: marta@acme.test\r\nTo: support@dialogo.test\r\nMessage-ID: <1@acme.test>\r\n\r\nHola\r\n"


async def test_the_page_of_a_line_waits_until_a_message_comes(
    desk: Desk, site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        channel = await connections.load(tx, world.mail.id)
    page = await desk.open(world.berta, f"/admin/channels/{channel.id}")
    await expect(page.locator("[data-state=waiting]")).to_have_count(1)
    raw = Raw(body=MAIL)
    facts = adapter("email").parse(raw, channel.line(hub.crypto))
    inbound: Inbound = site.server.app[INBOUND]
    await inbound.receive(channel, raw, facts)
    await expect(page.locator("[data-state=waiting]")).to_have_count(0)
    await expect(page.locator("[data-state=done]")).to_have_count(1)
