"""A fault-injecting TCP proxy to stand before Dovecot, PostgreSQL or Valkey; controllable while it runs.

Directions are seen from the client: "up" is client to server, "down" server to client. Matching works on the
plain bytes of the stream (a match over two reads is found), so put it before a connection without TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.background import BackgroundLoop

Direction = Literal["up", "down"]


@dataclass
class _Trap:
    """Cut when `match` passes, or `after_bytes` have; `forward`: the triggering bytes still go through."""

    direction: Direction
    match: bytes = b""
    after_bytes: int = 0
    forward: bool = False
    times: int = 1


@dataclass(eq=False)
class _Link:
    """One proxied connection."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    tail: dict[str, bytes] = field(default_factory=lambda: {"up": b"", "down": b""})
    used: float = field(default_factory=time.monotonic)
    ending: bool = False

    def cut(self) -> None:
        for side in (self.client, self.server):
            side.transport.abort()


class TcpProxy:
    """`with TcpProxy(host, port) as proxy:` connect to `proxy.port`; then call a fault.

    `host` may be the path of a Unix socket instead.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        self.target = (host, port)
        self.host = "127.0.0.1"
        self.port = 0
        self.connections = 0
        self.refused_by_target = 0
        self.bytes = {"up": 0, "down": 0}
        self.cuts = 0
        self.delay = 0.0
        self.idle_seconds = 0.0
        self._swallow = False
        self._traps: list[_Trap] = []
        self._links: set[_Link] = set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Listens on `port` (chosen at the first start)."""
        self._background = BackgroundLoop("tcp-proxy")
        self._background.call(self._prepare())
        return self

    def stop(self) -> None:
        """Cuts everything and closes the door."""
        self._background.call(self._refuse())
        self._background.close()

    def cut_after_bytes(self, count: int, direction: Direction = "down") -> None:
        """The next connection that has passed `count` bytes that way is cut, in the middle of them."""
        self._traps.append(_Trap(direction, after_bytes=count))

    def cut_on(self, match: bytes, direction: Direction = "up", times: int = 1) -> None:
        """Cut when `match` is seen; the other side never gets it."""
        self._traps.append(_Trap(direction, match=match, times=times))

    def cut_after(self, match: bytes, direction: Direction = "up", times: int = 1) -> None:
        """Let `match` through, then cut before the answer comes back."""
        self._traps.append(_Trap(direction, match=match, forward=True, times=times))

    def blackhole(self) -> None:
        """Half-open: connections stay, new ones are accepted, and nothing passes any more."""
        self._swallow = True

    def freeze(self) -> None:
        """Nothing passes until `resume`; what was sent meanwhile then arrives."""
        self._background.loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        """Ends freeze, blackhole, delay, idle cuts, traps and refusal."""
        self._swallow, self.delay, self.idle_seconds = False, 0.0, 0.0
        self._traps.clear()
        self._background.call(self._open_again())

    def refuse(self) -> None:
        """Cuts all and refuses new connections until `resume`."""
        self._background.call(self._refuse())

    def cut_all(self) -> None:
        """Cuts every connection now; new ones work."""
        self._background.call(self._cut_all())

    def idle_cut(self, seconds: float) -> None:
        """Cuts a connection on which nothing passed for so long."""
        self.idle_seconds = seconds

    @property
    def open(self) -> int:
        """How many connections stand now."""
        return len(self._links)

    async def _prepare(self) -> None:
        self._flowing = asyncio.Event()
        self._server: asyncio.Server | None = None
        await self._open_again()
        self._sweeper = asyncio.create_task(self._cut_idle())

    async def _open_again(self) -> None:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(
                lambda reader, writer: self._background.begin(self._serve(reader, writer)),
                self.host,
                self.port,
                reuse_address=True,
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut_all()

    async def _cut_all(self) -> None:
        for link in list(self._links):
            self.cuts += 1
            link.cut()

    async def _cut_idle(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for link in list(self._links):
                if self.idle_seconds and time.monotonic() - link.used > self.idle_seconds:
                    self.cuts += 1
                    link.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._flowing.wait()
        try:
            upstream, server = await self._connect()
        except OSError:
            self.refused_by_target += 1
            writer.transport.abort()
            return
        link = _Link(writer, server)
        if self._server is None:  # refused while it was being connected
            link.cut()
            return
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, "up", reader, server), self._pump(link, "down", upstream, writer)
            )
        finally:
            self._links.discard(link)
            link.cut()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.target
        if host.startswith("/"):
            return await asyncio.open_unix_connection(host)
        return await asyncio.open_connection(host, port)

    async def _pump(
        self, link: _Link, way: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self._swallow:
                    continue
                link.used = time.monotonic()
                if link.ending:  # the answer to what was let through is lost
                    return
                allowed, cut = self._allowed(link, way, data)
                self.bytes[way] += len(allowed)
                link.ending = cut
                writer.write(allowed)
                await writer.drain()
                if cut:
                    await asyncio.sleep(0.02)  # let what may pass reach the other side before the reset
                    self.cuts += 1
                    link.cut()
                    return
            if not self._swallow and writer.can_write_eof():
                writer.write_eof()

    def _allowed(self, link: _Link, way: Direction, data: bytes) -> tuple[bytes, bool]:
        """What of `data` passes, and whether the connection is cut after it."""
        window = link.tail[way] + data
        before = link.passed[way]
        link.passed[way] += len(data)
        link.tail[way] = window[-64:]
        for trap in self._traps:
            if trap.direction != way or not trap.times:
                continue
            if trap.after_bytes and link.passed[way] >= trap.after_bytes:
                trap.times -= 1
                return data[: max(0, trap.after_bytes - before)], True
            found = window.find(trap.match) if trap.match else -1
            if found >= 0:
                trap.times -= 1
                start = max(0, found - (len(window) - len(data)))
                return (data if trap.forward else data[:start]), True
        return data, False


class PostgresProxy(TcpProxy):
    """Before the PostgreSQL of a DSN, on TCP or on a Unix socket; connect to `dsn`."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        host, port = query.get("host", parts.hostname or ""), int(query.get("port", parts.port or 5432))
        self._user, self._database = parts.username or "", parts.path
        super().__init__(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else host, port)

    @property
    def dsn(self) -> str:
        """The same database, through us."""
        return f"postgresql://{self._user}@{self.host}:{self.port}{self._database}"


class ValkeyProxy(TcpProxy):
    """Before the Valkey of a URL, on TCP or on a Unix socket; connect to `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._database = parts.path if parts.scheme != "unix" else ""
        if parts.scheme == "unix":
            super().__init__(parts.path)
        else:
            super().__init__(parts.hostname or "127.0.0.1", parts.port or 6379)

    @property
    def url(self) -> str:
        """The same Valkey, through us."""
        return f"redis://{self.host}:{self.port}{self._database}"
