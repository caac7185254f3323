"""In a real browser: a call rings in the bar of whom it rings for, its clock runs, and it ends by itself."""

from __future__ import annotations

import re

import msgspec
from playwright.async_api import expect

from hub.channels.registry import adapter
from hub.lab.twilio import PretendTwilio
from hub.plumbing.hub import Hub
from tests.conversations.phone import MARTA, NUMBER, PHONES, TOKEN, add_line, here
from tests.web.browsing import Web
from tests.web.windows import Desk
from tests.world import World


async def test_the_bar_rings_counts_and_goes(desk: Desk, hub: Hub, site: Web, world: World) -> None:
    base = str(site.server.make_url("")).rstrip("/")
    hub.settings = msgspec.structs.replace(hub.settings, public_url=base)
    async with PretendTwilio(token=TOKEN).running(host="localhost") as twilio:
        phones = twilio.calls
        line = await add_line(hub, world, **twilio.settings())
        phones.lines[NUMBER] = f"{base}/in/{line.key}"
        ana = await desk.open(world.ana, "/inbox/mine")
        luis = await desk.open(world.luis, "/inbox/all")
        await here(hub, world.ana, world.luis)
        await phones.ring(MARTA, NUMBER)
        bar = ana.locator("#calls .call")
        await expect(bar).to_contain_text("Suena en tu teléfono")
        await expect(bar).to_contain_text("Marta Ruiz")
        await expect(ana.locator("#said")).to_contain_text("Marta Ruiz")  # said to who does not see
        await expect(ana.locator("#rows > .row")).to_contain_text("Llamada entrante")
        await expect(luis.locator("#rows > .row")).to_contain_text("Llamada entrante")
        await expect(luis.locator("#calls .call")).to_have_count(0)  # it does not ring for Luis
        await phones.refuse(PHONES["ana"], "ignored")
        await expect(bar).to_have_count(0)
        luis_bar = luis.locator("#calls .call.rings")
        await expect(luis_bar).to_have_count(1)
        await phones.pick_up(PHONES["luis"])
        await phones.press(PHONES["luis"], "1")
        await expect(luis.locator("#calls .call.talks .clock")).to_have_text(re.compile(r"^0:0?[1-9]"))
        await luis.locator("#calls a").click()  # opens the conversation; the bar stays
        await expect(luis.locator("#timeline .m.in .body")).to_have_text("Al teléfono con Luis")
        await expect(luis.locator("#timeline .sys").last).to_contain_text("no descuelga")
        await luis.locator("#calls [data-act=hang-up]").click()
        await expect(luis.locator("#calls .call")).to_have_count(0)
        await expect(luis.locator("#timeline .m.in .body")).to_contain_text("Llamada con Luis")
        assert phones.phones == {}
        await expect(luis.locator("#timeline [data-act=call]")).to_have_count(0)  # nothing was missed
        await luis.keyboard.press("Shift+C")
        await expect(luis.locator("#calls .call")).to_contain_text("Descuelga tu teléfono y pulsa 1")
        await phones.refuse(PHONES["luis"], "ignored")
        await expect(luis.locator("#calls .call")).to_have_count(0)
        await adapter("voice").close()
