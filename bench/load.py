"""Clients that cost little: ready-made requests over kept connections, each answered before the next is sent."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import cast

import msgspec

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
TICKS = os.sysconf("SC_CLK_TCK")


class Loaded(msgspec.Struct, frozen=True):
    """Answers a second; p50 and p99 in milliseconds; `answered` in all."""

    rate: float
    p50: float
    p99: float
    answered: int


async def load(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> Loaded:
    """`clients` connections ask one thing after another until the time is over. Any answer but 200 raises."""
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    crowd = []
    for _ in range(clients):
        _transport, client = await loop.create_connection(lambda: _Client(requests, until), "127.0.0.1", port)
        crowd.append(client)
    for client in crowd:
        client.ask()
    times = [spent for client in crowd for spent in await client.done]
    cuts = quantiles(times, n=100)
    return Loaded(len(times) / seconds, cuts[49] * 1000, cuts[98] * 1000, len(times))


def request(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of one POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def processor(pids: list[int]) -> float:
    """Seconds of processor these processes have used so far (proc(5): utime and stime)."""
    spent = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / TICKS


class _Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self._requests = requests
        self._until = until
        self._times: list[float] = []
        self._got = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    def ask(self) -> None:
        """Send the next request, or end when the time is over."""
        assert self._transport is not None
        self._began = time.perf_counter()
        if self._began >= self._until:
            self._transport.close()
            self.done.set_result(self._times)
            return
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not found or len(body) < (int(length[1]) if length else 0):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(self._got[:500].decode("utf-8", "replace"))
            return
        self._times.append(time.perf_counter() - self._began)
        self._got = b""
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail("the server closed the connection")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))
