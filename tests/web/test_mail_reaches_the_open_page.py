"""From the commit of a customer's mail to the owner's open page: the row, the bubble, the number."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from statistics import median

from hub.channels.base import Raw
from hub.intake import Outcome
from hub.web.requests import INBOUND
from tests.mails import mail
from tests.web.browsing import Web
from tests.web.test_live import next_ops, settled, socket, until
from tests.world import World


async def arrives(site: Web, world: World, raw: bytes) -> Outcome:
    assert site.server.app
    return await site.server.app[INBOUND].receive(world.mail, Raw(body=raw, envelope={}))


async def test_a_mail_stands_in_the_owners_list_and_thread_at_once(site: Web, world: World) -> None:
    ana, olga = await site.browser(world.ana), await site.browser(world.olga)
    mine = f"mine:{world.ana}"
    async with socket(ana, mine, f"agent:{world.ana}") as hers, socket(olga, "unassigned") as olgas:
        id_ = "<one@acme.test>"
        marta = "Marta Ruiz <marta@acme.test>"
        first = await arrives(site, world, mail(marta, "Pedido 48213", message_id=id_))
        (place,) = [op for op in await next_ops(hers) if op[0] == "place"]
        assert place[1] == mine
        assert f'id="row-{first.conversation_id}"' in place[2]
        assert "Pedido 48213" in place[2]
        counted = await until(hers, lambda frame: ["count", "mine", 1] in frame.get("o", []))
        assert counted

        thread = f"thread:{first.conversation_id}"
        await hers.send_json({"sub": [mine, thread]})
        await settled(hers)
        text = "Sigo sin noticias"
        second = await arrives(site, world, mail(marta, "Pedido 48213", text, in_reply_to=id_))
        assert second.conversation_id == first.conversation_id
        frames = await until(hers, lambda frame: any(op[0] == "put" for op in frame.get("o", [])))
        (put,) = [op for frame in frames for op in frame["o"] if op[0] == "put" and text in op[2]]
        assert put[1] == thread
        assert [op for op in await settled(olgas) if op[0] != "count"] == []


async def test_fifty_open_pages_have_it_within_100_ms_of_the_commit(site: Web, world: World) -> None:
    """The median of ten mails in processor time, where nobody else's work counts; and none waits for a sweep."""
    ana = await site.browser(world.ana)
    async with AsyncExitStack() as stack:
        opened = [socket(ana, f"mine:{world.ana}") for _ in range(50)]
        pages = [await stack.enter_async_context(one) for one in opened]
        took, waited = [], []
        for number in range(10):
            await arrives(site, world, mail("Marta Ruiz <marta@acme.test>", f"Pedido {number}"))
            committed, used = time.perf_counter(), time.process_time()
            await asyncio.gather(*(next_ops(page) for page in pages))
            took.append(time.process_time() - used)
            waited.append(time.perf_counter() - committed)
        assert median(took) < 0.1, took
        assert min(waited) < 0.9, waited
