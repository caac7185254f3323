"""PostgreSQL and Valkey out of the box: run by one process of a HUB_DATA folder, used by all its others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from config.settings import Settings
from hub.plumbing.embedded.children import Children
from hub.plumbing.embedded.kept import Kept, Server
from hub.plumbing.embedded.postgres import Postgres
from hub.plumbing.embedded.valkey import Valkey
from hub.plumbing.errors import Unavailable


async def found(settings: Settings) -> Settings:
    """The settings with the URLs of the embedded servers that run now; starts nothing.

    Raises Unavailable naming the server that does not answer and what to do.
    """
    for variable, server in wanted(settings):
        if not await server.answers():
            raise Unavailable(
                f"{server.name} does not run in {settings.data}: start it with `hub up`, or set {variable}"
            )
    return with_urls(settings)


@asynccontextmanager
async def lent(settings: Settings, say: Callable[[str], None] = lambda line: None) -> AsyncIterator[Settings]:
    """The embedded servers for as long as the block runs: those that run already, else our own.

    For commands that end by themselves (`hub migrate`, `hub agent add`). Raises HubError.
    """
    children = Children(say)
    kept = [Kept(server, children) for _, server in wanted(settings)]
    try:
        for one in kept:
            await one.start()
        yield with_urls(settings)
    finally:
        for one in kept:
            await one.stop_watching()
        await children.stop()
        for one in kept:
            one.release()


def wanted(settings: Settings) -> list[tuple[str, Server]]:
    """The servers we have to run ourselves, each with the setting that would spare us."""
    servers: list[tuple[str, Server]] = []
    if not settings.database_url:
        servers.append(("DATABASE_URL", Postgres(settings.data)))
    if not settings.redis_url:
        servers.append(("REDIS_URL", Valkey(settings.data)))
    return servers


def with_urls(settings: Settings) -> Settings:
    """The settings with the URLs our servers have when they run."""
    return msgspec.structs.replace(
        settings,
        database_url=settings.database_url or Postgres(settings.data).url,
        redis_url=settings.redis_url or Valkey(settings.data).url,
    )
