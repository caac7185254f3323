"""A thousand open chats: what they cost at rest, and how soon a word is at the other side."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, FormData, TCPConnector
from aiohttp.test_utils import TestServer

from bench.ground import ground
from hub.agents import sessions
from hub.app import make_app
from hub.channels import connections
from hub.channels.webchat.settings import ADDRESS_TYPE
from hub.plumbing.hub import Hub
from hub.web.assets import assets
from hub.web.chat import asked, pages, socket
from hub.web.fanout import FANOUT

CHATS = 1_000
REST_SECONDS = 10.0
WORDS = 40


def measure() -> dict[str, float]:
    """Memory and processor of the web process; milliseconds from a visitor's POST to the agent's frame."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, float]:
    socket.MOST_OF_AN_ADDRESS = CHATS + 10
    asked.OPENED_A_MINUTE = asked.MESSAGES_OF_AN_ADDRESS_A_MINUTE = 100 * CHATS
    async with ground() as (hub, world, _settings):
        server = TestServer(make_app(hub))
        await server.start_server()
        async with hub.transaction() as tx:
            cookie = (await sessions.begin(tx, world.ana, peer="bench")).token
            line = await connections.add(
                tx, hub.crypto, kind="webchat", name="Chat", address="", address_type=ADDRESS_TYPE
            )
        origin = str(server.make_url("/")).rstrip("/")
        async with ClientSession(headers={"Origin": origin}, connector=TCPConnector(limit=0)) as client:
            tokens = [await _begun(client, server, line.key) for _ in range(CHATS)]
            before, began = _memory(), time.perf_counter()
            chats = await asyncio.gather(*(_open(client, server, token) for token in tokens))
            opened, after = time.perf_counter() - began, _memory()
            await _settled()
            idle = await _cpu(REST_SECONDS)
            waits = await _words(hub, client, server, cookie, line.key, tokens)
            for one in chats:
                await one.close()
            await _settled()
        await server.close()
    files = assets().files
    return {
        "chats": CHATS,
        "opened.a_second": CHATS / opened,
        "memory.kb_a_chat (client and server)": (after - before) / CHATS,
        "idle.cpu_percent of one core": idle * 100,
        "visitor_to_agent.p50_ms": median(waits),
        "visitor_to_agent.p95_ms (goal 100)": quantiles(waits, n=20)[18],
        "loader.bytes_gz (goal 3072)": len(pages._loader()[1]),
        "frame.script_and_style.bytes_gz (goal 15360)": len(files["chat/frame.js"].zipped)
        + len(files["chat.css"].zipped),
    }


async def _begun(client: ClientSession, server: TestServer, key: str) -> str:
    async with client.post(server.make_url(f"/widget/{key}/open"), json={"start": True}) as answer:
        token: str = (await answer.json())["token"]
        return token


async def _open(client: ClientSession, server: TestServer, token: str) -> ClientWebSocketResponse:
    return await client.ws_connect(server.make_url("/widget/ws"), protocols=("hub.chat.1", token))


async def _words(
    hub: Hub, client: ClientSession, server: TestServer, cookie: str, key: str, tokens: list[str]
) -> list[float]:
    """One visitor after the other says something; the agent watches the list of all conversations."""
    assert server.app is not None
    waits = []
    agent = await client.ws_connect(server.make_url("/ws"), headers={"Cookie": f"hub={cookie}"})
    await agent.send_json({"sub": ["all"]})
    async with asyncio.timeout(10):
        while "all" not in server.app[FANOUT].by_topic:
            await agent.send_json({"ping": 1})
            await agent.receive()
    for number, token in enumerate(tokens[:WORDS]):
        form = FormData({"text": f"medida-{number}", "client_id": "c1"})
        form.add_field("file", b"", filename="")
        began = time.perf_counter()
        seen: Any = asyncio.ensure_future(_seen(agent, f"medida-{number}<"))
        path = server.make_url(f"/widget/{key}/messages")
        async with client.post(path, data=form, headers={"X-Chat": token}) as answer:
            assert answer.status == 200, await answer.text()
        waits.append((await seen - began) * 1000)
    await agent.close()
    return waits


async def _seen(agent: ClientWebSocketResponse, text: str) -> float:
    while True:
        if text.rstrip("<") in str((await agent.receive(timeout=20)).data):
            return time.perf_counter()


async def _settled() -> None:
    """Until what opening them began is done: a second of nearly nothing."""
    while await _cpu(1.0) > 0.1:
        continue


async def _cpu(seconds: float) -> float:
    """The share of one core this process uses while nothing happens."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.sleep(seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / seconds


def _memory() -> float:
    """What this process holds now, in KB."""
    pages_ = int(Path("/proc/self/statm").read_text().split()[1])
    return pages_ * os.sysconf("SC_PAGE_SIZE") / 1024
