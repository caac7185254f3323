"""What the measurements stand on: a durable PostgreSQL, a Valkey, a migrated database with the cast."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from config.settings import Settings
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests import world as cast
from tests.fakes.servers import Servers


@asynccontextmanager
async def ground(connections: int = 20) -> AsyncIterator[tuple[Hub, cast.World, Settings]]:
    """An open hub, the ids of the cast, and the settings another process needs to open the same."""
    servers = await asyncio.to_thread(Servers.start)
    try:
        await migrate(servers.dsn)
        connection = await asyncpg.connect(servers.dsn)
        await _prepare(connection)
        async with connection.transaction():
            await cast.build(Tx(connection))
        world = await cast.find(Tx(connection))
        await connection.execute("ANALYZE")
        await connection.close()
        with tempfile.TemporaryDirectory() as data:
            settings = Settings(
                data=Path(data),
                database_url=servers.dsn,
                redis_url=servers.redis_url,
                secret=cast.SECRET,
                smtp_port=0,
            )
            hub = await Hub.open(settings, most_connections=connections)
            yield hub, world, settings
            await hub.close()
    finally:
        await asyncio.to_thread(servers.stop)
