"""One real PostgreSQL and one real Valkey for the whole run; a rolled-back world, or a database of one's own.

`tx` + `world`: a transaction with the named world, rolled back at the end (a millisecond).
`hub` + `world`: a database of this test's own, for everything that needs several connections or commits.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from config.settings import Settings
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests import world as cast
from tests.fakes import servers as real
from tests.fakes.clones import Clones

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Servers]:
    """PostgreSQL and Valkey, shared by all pytest workers of this run."""
    root = tmp_path_factory.getbasetemp()
    with real.shared(root.parent if WORKER != "main" else root) as running:
        yield running


@pytest.fixture(scope="session")
def template(servers: real.Servers) -> str:
    """The name of a migrated database with the world in it, one a pytest worker."""
    name = f"template_{WORKER}"
    asyncio.run(_make_template(servers, name))
    return name


async def _make_template(servers: real.Servers, name: str) -> None:
    await _admin(servers, f'CREATE DATABASE "{name}"')
    await migrate(servers.database(name))
    connection = await asyncpg.connect(servers.database(name))
    await _prepare(connection)
    async with connection.transaction():
        await cast.build(Tx(connection))
    await connection.close()


async def _admin(servers: real.Servers, sql: str) -> None:
    connection = await asyncpg.connect(servers.dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def tx(servers: real.Servers, live: str) -> AsyncIterator[Tx]:
    """A transaction in a migrated database with the world; rolled back afterwards."""
    connection = await asyncpg.connect(servers.database(live))
    await _prepare(connection)
    transaction = connection.transaction()
    await transaction.start()
    yield Tx(connection)
    await transaction.rollback()
    await connection.close()


@pytest.fixture(scope="session")
def live(servers: real.Servers, template: str) -> str:
    """The database the rolled-back transactions run in (a template must have no connections)."""
    name = f"live_{WORKER}"
    asyncio.run(_admin(servers, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))
    return name


@pytest.fixture(scope="session")
def clones(servers: real.Servers, template: str) -> Clones:
    """The databases of this pytest worker."""
    return Clones(servers, template)


@pytest.fixture
async def database(servers: real.Servers, clones: Clones) -> AsyncIterator[str]:
    """The DSN of a database for this test alone, equal to the template."""
    name = await clones.take()
    yield servers.database(name)
    await clones.give_back(name)


@pytest.fixture
def settings(servers: real.Servers, database: str, tmp_path: Path) -> Settings:
    """Settings of a hub on this test's own database; Valkey database numbers are shared, prefixes are not."""
    return Settings(
        data=tmp_path,
        database_url=database,
        redis_url=servers.redis_url,
        secret=cast.SECRET,
        smtp_port=0,
    )


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    """A hub on a database of its own, with a generation of its own so that its Redis names are its own."""
    connection = await asyncpg.connect(settings.database_url)
    generation = os.getpid() * 1000 + next(_numbers)
    await connection.execute("UPDATE installation SET generation = $1", generation)
    await connection.close()
    hub = await Hub.open(settings, most_connections=8)
    yield hub
    await hub.close()


@pytest.fixture
async def world(servers: real.Servers, live: str) -> cast.World:
    """The ids of the cast, the same in every database made from the template."""
    if live not in _worlds:
        connection = await asyncpg.connect(servers.database(live))
        await _prepare(connection)
        _worlds[live] = await cast.find(Tx(connection))
        await connection.close()
    return _worlds[live]


_worlds: dict[str, cast.World] = {}
