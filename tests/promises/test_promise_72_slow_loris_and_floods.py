"""Slow and silent connections cost their sockets and nothing else: a new page still comes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import msgspec
import pytest

from config.settings import Settings
from hub import app
from hub.agents import sessions
from hub.plumbing.hub import Hub
from hub.web import bodies, patience
from tests.fakes.ports import free_port
from tests.world import World

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = b"GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
SLOW_BODY = BODY + b"Content-Length: 90\r\n\r\nemail="
HALF_TLS = bytes.fromhex("16030100c8010000c40303")


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[int]:
    """The real web process, in this loop, on a free port."""
    port = free_port()
    task = asyncio.create_task(app.serve_web(msgspec.structs.replace(settings, port=port)))
    try:
        async with asyncio.timeout(30):
            while True:
                with suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                await asyncio.sleep(0.05)
        yield port
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)


async def opened(port: int, first: bytes) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    return reader, writer


async def a_page_comes(port: int, *beside: list[Stream]) -> None:
    """A fresh visitor gets the login page while all of these are still there: it waited for none of them."""
    async with aiohttp.ClientSession() as visitor, visitor.get(f"http://127.0.0.1:{port}/login") as answer:
        assert answer.status in (200, 303)
        await answer.read()
    assert not any(reader.at_eof() for streams in beside for reader, _writer in streams)


async def test_promise_72_slow_loris_and_floods(
    hub: Hub, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 slow headers, 500 slow bodies, 100 half TLS hellos, 2,000 idle live pages: a page comes beside them all."""
    monkeypatch.setattr(patience, "HEADER_SECONDS", 600.0)
    monkeypatch.setattr(bodies, "SMALL_BODY_SECONDS", 600.0)
    async with served(settings) as port:
        slow_heads = [await opened(port, HEAD) for _ in range(500)]
        patient_bodies = [await opened(port, SLOW_BODY) for _ in range(500)]
        tls = [await opened(port, HALF_TLS) for _ in range(100)]
        await a_page_comes(port, slow_heads, patient_bodies)
        idle = [await live_page(hub, port, who) for who in await cookies(hub, world) for _ in range(500)]
        assert len(idle) == 2000
        await a_page_comes(port, slow_heads, patient_bodies, idle)
        monkeypatch.setattr(patience, "HEADER_SECONDS", 0.1)
        monkeypatch.setattr(bodies, "SMALL_BODY_SECONDS", 0.1)
        slow_bodies = [await opened(port, SLOW_BODY) for _ in range(100)]
        for name, streams in (("head", slow_heads), ("body", slow_bodies), ("tls", tls)):
            for reader, _writer in streams:
                said = await last_words(reader)
                assert said == b"" or said.split(b" ")[1:2] in ([b"400"], [b"408"]), (name, said[:60])
        still_open = sum(not reader.at_eof() for reader, _writer in idle)
        assert still_open == 2000
        for _reader, writer in (*slow_heads, *patient_bodies, *slow_bodies, *tls, *idle):
            writer.close()


async def last_words(reader: asyncio.StreamReader) -> bytes:
    """What the server said before it hung up; nothing where bytes of ours were still unread: that is a reset."""
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionResetError:
        return b""


async def cookies(hub: Hub, world: World) -> list[str]:
    """A session of four people."""
    found = []
    for who in (world.ana, world.luis, world.lola, world.berta):
        async with hub.transaction() as tx:
            found.append((await sessions.begin(tx, who, peer="test")).token)
    return found


async def live_page(hub: Hub, port: int, cookie: str) -> Stream:
    """A live page that says nothing, and hears nothing but pings."""
    asked = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: hub={cookie}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    stream = await opened(port, asked.encode())
    status = await stream[0].readline()
    assert b" 101 " in status, status
    return stream


async def test_a_body_that_is_too_big_or_never_ends_is_refused_with_words(
    hub: Hub, settings: Settings, world: World
) -> None:
    async with served(settings) as port:
        reader, writer = await opened(port, BODY + b"Content-Length: 900000000\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 413 " in await reader.readline()
        writer.close()

        reader, writer = await opened(port, BODY + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(40):
                writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
                await writer.drain()
        async with asyncio.timeout(10):
            assert b" 413 " in await reader.readline()
        writer.close()

        reader, writer = await opened(port, b"GET /login HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 400 " in await reader.readline()
        writer.close()


async def test_large_bodies_of_strangers_take_turns(
    hub: Hub, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is not signed in cannot fill our memory by many at once; a small request waits for none of them."""
    monkeypatch.setattr(bodies, "SMALL_BODY_SECONDS", 1.0)
    monkeypatch.setattr(bodies, "LARGE_AT_ONCE", 1)
    head = b"POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with served(settings) as port, asyncio.timeout(10):
        slow = await opened(port, head + b"Content-Length: 2000000\r\n\r\n{")
        waits = await opened(port, head + b"Content-Length: 2000000\r\n\r\n" + b" " * 2_000_000)
        small = await opened(port, head + b"Content-Length: 2\r\n\r\n{}")
        assert b" 401 " in await small[0].readline()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits[0].read(1), 0.2)
        assert b" 408 " in await slow[0].readline()
        key = await hub.pool.fetchval("SELECT key FROM channel ORDER BY id LIMIT 1")
        parts = head.replace(b"/api/v1/contacts", b"/in/" + key.encode()).replace(
            b"application/json", b"multipart/form-data; boundary=x"
        )
        slow_parts = await opened(port, parts + b"Content-Length: 90\r\n\r\n--x")
        assert b" 408 " in await slow_parts[0].readline()
        for _reader, writer in (slow, waits, small, slow_parts):
            writer.close()


async def test_the_process_ends_at_once_with_pages_open(
    hub: Hub, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM: open live pages are told to go, and nothing keeps the process: it has not to hang up on them."""
    monkeypatch.setattr(app, "DRAIN_SECONDS", 600)
    async with served(settings) as port:
        reader, _writer = await live_page(hub, port, (await cookies(hub, world))[0])
    left = await asyncio.wait_for(reader.read(), 5)
    assert b"\x88" in left  # a close frame
