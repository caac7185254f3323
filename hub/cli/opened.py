"""An open Hub for commands that do one thing and end; starts the embedded servers if nobody runs them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from config import logging
from config.settings import Settings, read
from hub.plumbing import embedded
from hub.plumbing.hub import Hub

T = TypeVar("T")


def with_hub(work: Callable[[Hub], Awaitable[T]]) -> T:
    """Run `work(hub)` and give its result. Raises HubError, SettingError."""

    async def opened(settings: Settings) -> T:
        hub = await Hub.open(settings, most_connections=4, name="dialogo command")
        try:
            return await work(hub)
        finally:
            await hub.close()

    return with_settings(opened)


def with_settings(work: Callable[[Settings], Awaitable[T]]) -> T:
    """Run `work(settings)` with database and Redis running and their URLs filled in."""

    async def lent(settings: Settings) -> T:
        async with embedded.lent(settings) as reachable:
            return await work(reachable)

    settings = read()
    # On a terminal only what went wrong; HUB_LOG=debug still shows all.
    quiet = "warning" if settings.log == "info" else settings.log
    logging.configure(msgspec.structs.replace(settings, log=quiet))
    return asyncio.run(lent(settings))
