"""The faulty proxy cuts, holds and refuses where it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.plumbing.hub import Hub
from tests.fakes.tcp_proxy import PostgresProxy, TcpProxy, ValkeyProxy


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """A proxy before a server that echoes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo(client: socket.socket) -> None:
        try:
            while data := client.recv(4096):
                client.sendall(data)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with TcpProxy(*listener.getsockname()) as proxy:
        yield proxy
    listener.close()


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=0.5)


def answer(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    try:
        return client.recv(4096)
    except ConnectionError:
        return b""


def test_it_passes_everything_when_nothing_is_wrong(proxy: TcpProxy) -> None:
    assert answer(connected(proxy), b"hello") == b"hello"


def test_it_cuts_after_so_many_bytes(proxy: TcpProxy) -> None:
    proxy.cut_after_bytes(3, "down")
    assert answer(connected(proxy), b"hello") in (b"hel", b"")
    assert answer(connected(proxy), b"again") == b"again"


def test_it_cuts_on_a_word_before_the_server_hears_it(proxy: TcpProxy) -> None:
    proxy.cut_on(b"COMMIT")
    client = connected(proxy)
    assert answer(client, b"BEGIN") == b"BEGIN"
    assert answer(client, b"COM") == b"COM"
    assert answer(client, b"MIT") == b""


def test_it_is_half_open(proxy: TcpProxy) -> None:
    client = connected(proxy)
    assert answer(client, b"x") == b"x"
    proxy.blackhole()
    with pytest.raises(TimeoutError):
        answer(client, b"y")
    proxy.resume()
    assert answer(connected(proxy), b"z") == b"z"


def test_it_refuses_and_comes_back(proxy: TcpProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionError):
        connected(proxy)
    proxy.resume()
    assert answer(connected(proxy), b"back") == b"back"


def test_it_freezes_and_thaws(proxy: TcpProxy) -> None:
    client = connected(proxy)
    assert answer(client, b"x") == b"x"
    proxy.freeze()
    with pytest.raises(TimeoutError):
        answer(client, b"late")
    proxy.resume()
    assert client.recv(10) == b"late"


def test_it_cuts_idle_connections(proxy: TcpProxy) -> None:
    proxy.idle_cut(0.1)
    client = connected(proxy)
    client.settimeout(2)
    assert answer(client, b"x") == b"x"
    assert gone(client)


def gone(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


async def test_it_stands_before_postgresql_and_valkey(hub: Hub) -> None:
    with PostgresProxy(hub.settings.database_url) as proxy:
        connection = await asyncpg.connect(proxy.dsn)
        assert await connection.fetchval("SELECT current_database()") in hub.settings.database_url
        proxy.cut_on(b"COMMIT")
        with pytest.raises((asyncpg.PostgresConnectionError, ConnectionError)):
            async with connection.transaction():
                await connection.execute("UPDATE installation SET paused = true")
        assert not await hub.pool.fetchval("SELECT paused FROM installation")
    with ValkeyProxy(hub.settings.redis_url) as proxy:
        redis = Redis.from_url(proxy.url)
        assert await redis.ping()
        proxy.refuse()
        with pytest.raises(RedisError):
            await redis.ping()
        await redis.aclose()
