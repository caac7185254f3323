"""A page whose socket is cut while fifty mails arrive shows each of them once, in order, when it is back."""

from __future__ import annotations

import re

from playwright.async_api import expect

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from hub.web.fanout import FANOUT
from tests.mails import mail
from tests.web.windows import Desk
from tests.world import World

MAILS = 50


async def test_promise_53_reconnect_misses_nothing(desk: Desk, hub: Hub, world: World) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    first = await inbound.receive(
        world.mail, Raw(body=mail("Marta <marta@acme.test>", message_id="<0@a.test>"))
    )
    page = await desk.open(world.ana, f"/inbox/mine/c/{first.conversation_id}")
    await expect(page.locator("#timeline .m")).to_have_count(1)
    fanout = desk.site.server.app[FANOUT]
    for number in range(1, MAILS + 1):
        if number in (3, 20, 40):  # away again before it has caught up
            for socket in list(fanout.sockets):
                await socket.close(1001)
        answer = mail("Marta <marta@acme.test>", text=f"Línea {number}.", in_reply_to="<0@a.test>")
        await inbound.receive(world.mail, Raw(body=answer))
    await expect(page.locator("#timeline .m")).to_have_count(MAILS + 1, timeout=20_000)
    texts = await page.locator("#timeline .m").all_inner_texts()
    numbers = [int(found[1]) for text in texts if (found := re.search(r"Línea (\d+)\.", text))]
    assert numbers == list(range(1, MAILS + 1))
    await expect(page.locator("#rows > .row")).to_have_count(1)
    await inbound.close()
