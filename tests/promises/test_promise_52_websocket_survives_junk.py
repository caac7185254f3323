"""The live socket: origin checked, authorised per event, and it survives junk, floods and slow readers."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from hub.web import sockets
from hub.web.fanout import FANOUT
from tests.web import test_live as live
from tests.web.browsing import Web
from tests.world import World

renderer = live.renderer


async def closed_with(ws: ClientWebSocketResponse) -> int | None:
    """The code the server hangs up with."""
    async with asyncio.timeout(5):
        while (await ws.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
            pass
    return ws.close_code


async def test_promise_52_websocket_survives_junk(site: Web, world: World) -> None:
    """Junk of every kind ends that socket at most; another one goes on hearing everything."""
    id_ = await live.open_conversation(site, world, world.luis)
    ana, luis = await site.browser(world.ana), await site.browser(world.luis)
    async with live.socket(luis, f"mine:{world.luis}") as his:
        for junk in (
            ["not json"] * 20,
            ["[" * 8_000] * 10 + ['{"more":' + "[" * 8_000] * 10,
            ['{"sub": "all"}', '{"sub": [1, null]}', '{"viewing": "x"}', '{"typing": -1}', "null", "1"] * 3,
            ['{"viewing": 9223372036854775807}', '{"typing": 99999999999999999999}'] * 20,
            [b"\x00\xff" * 50] * 20,
            ['{"ping": 1}'] * 500,
        ):
            async with live.socket(ana, "all") as ws:
                for one in junk:
                    await (ws.send_bytes(one) if isinstance(one, bytes) else ws.send_str(one))
                assert await closed_with(ws) == 1008, junk[0][:40]
        async with live.socket(ana, "all") as ws:
            with suppress(ConnectionError):  # the server hangs up before it has it all
                await ws.send_str("x" * 10_000_000)
            assert await closed_with(ws) in (1009, 1006)
        await live.signal(site, id_, [f"mine:{world.luis}"])
        assert (await live.next_ops(his))[0][0] == "place"


async def test_an_unknown_event_is_not_an_error(site: Web, world: World) -> None:
    async with live.socket(await site.browser(world.ana), "all") as ws:
        await ws.send_str('{"evaluate": "1+1", "__class__": {}}')
        assert await live.settled(ws) == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_site_cannot_open_it(site: Web, world: World, origin: str) -> None:
    ana = await site.browser(world.ana)
    with pytest.raises(WSServerHandshakeError) as refused:
        await ana.client.ws_connect("/ws", headers={"Origin": origin} if origin else {})
    assert refused.value.status == 403


async def test_before_login_nothing_is_heard_and_nothing_read(site: Web, world: World) -> None:
    nobody = await site.browser()
    origin = str(nobody.client.make_url("/")).rstrip("/")
    async with nobody.client.ws_connect("/ws", headers={"Origin": origin}) as ws:
        await ws.send_str('{"sub": ["all", "agent:1"]}')
        assert await closed_with(ws) == 4401
    assert not site.server.app[FANOUT].sockets if site.server.app else True


async def test_topics_of_others_are_left_out_whatever_they_are_called(site: Web, world: World) -> None:
    secret = await live.open_conversation(site, world, None, world.legal)
    wanted = [
        *(f"mine:{world.luis}", f"agent:{world.luis}", f"team:{world.legal}", f"thread:{secret}"),
        *(f"conversation:{secret}", "quarantine", "*", "%", "thread:*", "mine:%", "thread:", "team:0x2"),
        *("thread:-1", "thread:99999999999999999999", "mine:", "' OR 1=1 --", "a" * 1000),
    ]
    async with live.socket(await site.browser(world.ana), *wanted) as ws:
        fanout = site.server.app[FANOUT]  # type: ignore[index]
        assert [one.topics for one in fanout.sockets] == [frozenset()]
        await live.signal(site, secret, [f"thread:{secret}", f"team:{world.legal}", f"agent:{world.luis}"])
        await asyncio.sleep(0.1)
        assert [op for op in await live.settled(ws) if op[0] != "count"] == []


async def test_a_page_of_a_session_that_ended_is_closed(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    async with live.socket(ana, "all") as ws:
        await ana.post("/logout")
        assert await closed_with(ws) == 4401


async def test_a_slow_reader_is_dropped_and_the_others_do_not_wait(
    site: Web, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 frames nobody reads end that connection; another page hears the last of them at once."""
    monkeypatch.setattr(sockets, "MOST_BUFFERED", 200_000)
    ana, luis = await site.browser(world.ana), await site.browser(world.luis)
    async with live.socket(luis, "all") as his, live.socket(ana, "all") as hers:
        fanout = site.server.app[FANOUT]  # type: ignore[index]
        slow = fanout.of_agent(world.ana)[0]
        hers._response.connection.transport.pause_reading()  # type: ignore[union-attr]
        reading = asyncio.ensure_future(live.until(his, lambda frame: ["toast", "end"] in frame.get("o", [])))
        for number in range(10_000):
            fanout.tell("all", [["toast", f"{number} " + "x" * 500]])
            if number % 50 == 0:
                await asyncio.sleep(0.002)
        fanout.tell("all", [["toast", "end"]])
        await asyncio.wait_for(reading, 20)
        assert slow.transport.is_closing()
        hers._response.connection.transport.resume_reading()  # type: ignore[union-attr]
