"""How long a connection may say nothing: whoever has not sent a request's headers in time is hung up on."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.plumbing.clock import monotonic

HEADER_SECONDS = 10.0


async def close_silent(runner: web.AppRunner) -> None:
    """For ever: close connections whose first request did not arrive within HEADER_SECONDS.

    aiohttp has no timeout of its own before the first request (its keep-alive timer covers the later ones), so
    that a slow-loris would hold a socket for as long as it likes.
    """
    silent_since: dict[RequestHandler, float] = {}
    while True:
        await asyncio.sleep(1)
        connections = runner.server.connections if runner.server else []
        silent = [one for one in connections if not one._request_count and one.transport is not None]
        silent_since = {one: silent_since.get(one, monotonic()) for one in silent}
        for connection, since in silent_since.items():
            if monotonic() - since > HEADER_SECONDS:
                connection.force_close()
