"""What the measurements stand on: a durable PostgreSQL, a Valkey, a migrated database with the cast."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import structlog

from config.settings import Settings
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.embedded.children import Children
from hub.plumbing.embedded.kept import Kept
from hub.plumbing.embedded.postgres import Postgres
from hub.plumbing.embedded.valkey import Valkey
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests import world as cast

log = structlog.get_logger(__name__)


@asynccontextmanager
async def ground(connections: int = 20) -> AsyncIterator[tuple[Hub, cast.World, Settings]]:
    """An open hub, the ids of the cast, and the settings another process needs to open the same.

    The servers run as an installation's do: what is committed would survive a power cut.
    """
    with tempfile.TemporaryDirectory(prefix="dialogo-bench-") as folder:
        data = Path(folder)
        children = Children(log.debug)
        kept = [Kept(Postgres(data), children), Kept(Valkey(data), children)]
        try:
            await asyncio.gather(*(one.start() for one in kept))
            dsn, redis_url = (one.server.url for one in kept)
            world = await _built(dsn)
            settings = Settings(
                data=data, database_url=dsn, redis_url=redis_url, secret=cast.SECRET, smtp_port=0
            )
            hub = await Hub.open(settings, most_connections=connections)
            yield hub, world, settings
            await hub.close()
        finally:
            await children.stop()


async def _built(dsn: str) -> cast.World:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await _prepare(connection)
    async with connection.transaction():
        await cast.build(Tx(connection))
    world = await cast.find(Tx(connection))
    await connection.execute("ANALYZE")
    await connection.close()
    return world
