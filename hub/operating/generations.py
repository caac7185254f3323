"""Which generation of the house this is: in the database and beside the data, so that a restore cannot be missed."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import structlog

from config.settings import Settings
from hub.plumbing import pausing
from hub.plumbing.hub import Hub

log = structlog.get_logger(__name__)
FILE = "generation"


async def agree(hub: Hub) -> bool:
    """Compare both at the start; when they differ everything that would leave is paused until a person says go.

    True when they agree, or when there is no copy yet.
    """
    own: int = await hub.pool.fetchval("SELECT generation FROM installation")
    copy = _read(Path(hub.settings.data))
    if copy in (None, own):
        remember(Path(hub.settings.data), own)
        return True
    log.warning("another database than before: sending is paused", database=own, data=copy)
    async with hub.transaction() as tx:
        await pausing.pause(tx)
    remember(Path(hub.settings.data), own)
    return False


async def known(settings: Settings) -> int:
    """The highest generation anybody knows of: the database's, if there is one, or the copy's."""
    try:
        connection = await asyncpg.connect(settings.database_url, timeout=30)
    except asyncpg.InvalidCatalogNameError:
        return _read(settings.data) or 0
    try:
        own: int = await connection.fetchval("SELECT generation FROM installation")
    except asyncpg.UndefinedTableError:
        own = 0
    finally:
        await connection.close()
    return max(own, _read(settings.data) or 0)


def remember(data: Path, generation: int) -> None:
    """Keep the copy beside the data. Raises OSError."""
    beside = data / f".{FILE}"
    beside.write_text(str(generation))
    beside.rename(data / FILE)


def _read(data: Path) -> int | None:
    try:
        return int((data / FILE).read_text())
    except FileNotFoundError:
        return None
