"""What the open pages hear: rows come and go, messages stand in their thread, an outsider hears nothing."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from aiohttp import ClientWebSocketResponse

from hub.conversations import assignment, closing
from hub.conversations.replies import Answer, reply
from hub.conversations.undo import undo
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, said
from tests.web.browsing import Browser, Web
from tests.world import World


class Ear:
    """One open socket of a page."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws

    @classmethod
    async def open(cls, browser: Browser, *topics: str) -> Ear:
        """Listen to topics."""
        origin = str(browser.client.make_url("/")).rstrip("/")
        ws = await browser.client.ws_connect("/ws", headers={"Origin": origin})
        await ws.send_json({"sub": list(topics)})
        await ws.send_json({"ping": 1})
        ear = cls(ws)
        while (await ws.receive_json(timeout=30)).get("pong") is None:
            pass
        return ear

    async def until(self, name: str, target: str, holding: str = "") -> list[Any]:
        """The first operation of this name on this target whose rest holds a text."""
        async with asyncio.timeout(30):
            while True:
                frame = json.loads(await self.ws.receive_str())
                for op in frame.get("o", []):
                    if op[0] == name and op[1] == target and holding in str(op[2:]):
                        return op  # type: ignore[no-any-return]


async def test_rows_move_between_lists_and_the_head_follows(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await said(tx, world, id_)
    ana = await Ear.open(await site.browser(world.ana), f"mine:{world.ana}", f"thread:{id_}")
    luis = await Ear.open(await site.browser(world.luis), f"mine:{world.luis}")
    async with hub.transaction() as tx:
        await assignment.assign_to(tx, [id_], world.luis, by=world.ana)
    assert (await ana.until("drop", f"mine:{world.ana}"))[2] == f"row-{id_}"
    assert 'data-v="' in (await luis.until("place", f"mine:{world.luis}"))[2]
    async with hub.transaction() as tx:
        await closing.close(tx, id_, agent_id=world.luis, reason="order")
    patched = await ana.until("patch", f"head:{id_}", "rotate-ccw")
    assert patched[3] > 1
    await luis.until("drop", f"mine:{world.luis}", f"row-{id_}")


async def test_what_one_begins_to_write_stands_in_ones_drafts_until_it_is_sent(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await said(tx, world, id_)
    topic = f"drafts:{world.ana}"
    browser = await site.browser(world.ana)
    ana, badges = await Ear.open(browser, topic), await Ear.open(browser, f"agent:{world.ana}")
    form = {"mode": "reply", "text": "Hoy", "version": "0"}
    kept = await browser.client.put(f"/c/{id_}/draft", data=form, headers={"X-CSRF": browser.csrf})
    assert await kept.json() == {"version": 1}
    placed = (await ana.until("place", topic))[2]
    await badges.until("count", "drafts", "1")
    page = await browser.text("/inbox/drafts")
    key = re.search(r'data-k="(\d+)"', page)
    assert key is not None
    assert f'id="row-{id_}"' in page
    assert f'data-k="{key[1]}"' in placed, "live it stands where the page has it"
    assert f'data-topic="{topic}"' in page
    async with hub.transaction() as tx:
        await reply(tx, "dialogo.test", id_, world.ana, Answer(text="Hoy llega"))
    assert (await ana.until("drop", topic))[2] == f"row-{id_}"
    assert f'id="row-{id_}"' not in await browser.text("/inbox/drafts")


async def test_a_message_is_put_into_its_thread_and_an_undone_one_taken_out(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await said(tx, world, id_)
    luis = await Ear.open(await site.browser(world.luis), f"thread:{id_}")
    async with hub.transaction() as tx:
        made = await reply(tx, "dialogo.test", id_, world.ana, Answer(text="Hoy <b>llega</b>"))
    put = await luis.until("put", f"thread:{id_}", "Hoy")
    assert "&lt;b&gt;llega" in put[2]
    async with hub.transaction() as tx:
        await undo(tx, made.id, world.ana)
    assert (await luis.until("drop", f"thread:{id_}"))[2] == f"m-{made.id}"


async def test_the_outsider_hears_nothing_of_the_restricted_team(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, team=world.legal)
    topics = ("all", "unassigned", f"team:{world.legal}", f"thread:{id_}")
    ana = await Ear.open(await site.browser(world.ana), *topics)
    olga = await Ear.open(await site.browser(world.olga), *topics)
    async with hub.transaction() as tx:
        await said(tx, world, id_)
        tx.signal("conversation", id_, ["all", "unassigned", f"team:{world.legal}"])
    await olga.until("place", "all")
    async with hub.transaction() as tx:
        await closing.close(tx, id_, agent_id=world.olga)
    await olga.until("drop", "all")
    # the first time nobody here knows what Ana has seen before, so she may be told to drop the row
    async with hub.transaction() as tx:
        await closing.reopen(tx, id_, agent_id=world.olga)
    await olga.until("place", "unassigned")
    assert "Pedido" not in str([await _drained(ana)])


async def _drained(ear: Ear) -> list[str]:
    heard: list[str] = []
    try:
        async with asyncio.timeout(0.6):
            while True:
                heard.append(await ear.ws.receive_str())
    except TimeoutError:
        return heard
