"""How long a connection may say nothing: whoever has not sent a request's headers in time is hung up on."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.plumbing.clock import monotonic

HEADER_SECONDS = 10.0


async def close_silent(runner: web.AppRunner) -> None:
    """For ever: close connections whose first request did not arrive within HEADER_SECONDS.

    aiohttp has no timeout of its own before the first request (its keep-alive timer covers the later ones), so
    that a slow-loris would hold a socket for as long as it likes.
    """
    silent_since: WeakKeyDictionary[RequestHandler, float] = WeakKeyDictionary()
    while True:
        await asyncio.sleep(1)
        for connection in runner.server.connections if runner.server else []:
            if connection._request_count or connection.transport is None:
                silent_since.pop(connection, None)
            elif monotonic() - silent_since.setdefault(connection, monotonic()) > HEADER_SECONDS:
                connection.force_close()
