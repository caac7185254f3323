"""From the commit of a mail to the frame in each of 50 open inboxes."""

from __future__ import annotations

import asyncio
import time
from statistics import median, quantiles

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse
from aiohttp.test_utils import TestServer

from bench.ground import ground
from hub.agents import sessions
from hub.app import make_app
from hub.channels.base import Raw
from hub.intake import Inbound
from tests.mails import mail

SOCKETS = 50
MAILS = 40


def measure() -> dict[str, float]:
    """Milliseconds from receive() answering, after the commit, to the frame at every socket: p50, p95, slowest."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, float]:
    async with ground() as (hub, world, _settings):
        server = TestServer(make_app(hub))
        await server.start_server()
        async with hub.transaction() as tx:
            cookie = (await sessions.begin(tx, world.ana, peer="bench")).token
        inbound = Inbound(hub)
        await inbound.start()
        async with ClientSession(cookies={"hub": cookie}) as session:
            sockets = [await _open(session, server, world.ana) for _ in range(SOCKETS)]
            times: list[float] = []
            for number in range(MAILS):
                subject = f"Medida {number}"
                waiting = [asyncio.create_task(_seen(socket, subject)) for socket in sockets]
                await inbound.receive(world.mail, Raw(body=mail("Marta <marta@acme.test>", subject)))
                committed = time.perf_counter()
                times += [max(0.0, (await one) - committed) * 1000 for one in waiting]
            for socket in sockets:
                await socket.close()
        await inbound.close()
        await server.close()
        return {
            "commit_to_socket.p50_ms": median(times),
            "commit_to_socket.p95_ms (goal 100)": quantiles(times, n=20)[18],
            "commit_to_socket.slowest_ms": max(times),
        }


async def _open(session: ClientSession, server: TestServer, agent_id: int) -> ClientWebSocketResponse:
    url = server.make_url("/ws")
    socket = await session.ws_connect(url, headers={"Origin": f"http://{url.host}:{url.port}"})
    await socket.send_str(msgspec.json.encode({"sub": [f"mine:{agent_id}"]}).decode())
    await asyncio.sleep(0.02)
    return socket


async def _seen(socket: ClientWebSocketResponse, subject: str) -> float:
    """When a frame with this subject came."""
    while True:
        if subject in str((await socket.receive(timeout=10)).data):
            return time.perf_counter()
