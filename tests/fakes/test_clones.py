"""A test finds its database as the template is, whatever the test before did in its own."""

from __future__ import annotations

import asyncpg

from tests.fakes.clones import Clones
from tests.fakes.servers import Servers

STATE = (
    "SELECT name, active FROM agent ORDER BY ctid",
    "SELECT generation FROM installation",
    "SELECT name FROM tag ORDER BY ctid",
    "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
)


async def test_what_a_test_wrote_is_gone_for_the_next_one(servers: Servers, clones: Clones) -> None:
    name = await clones.take()
    before = await state(servers, name)
    connection = await asyncpg.connect(servers.database(name))
    await connection.execute("UPDATE agent SET name = name || '!'; UPDATE installation SET generation = 9")
    await connection.execute("INSERT INTO tag (name) VALUES ('late')")
    await clones.give_back(name)
    assert connection.is_closed() or await ended(connection)
    assert await clones.take() == name
    assert await state(servers, name) == before
    await clones.give_back(name)


async def test_a_database_whose_schema_was_changed_is_no_longer_used(
    servers: Servers, clones: Clones
) -> None:
    name = await clones.take()
    connection = await asyncpg.connect(servers.database(name))
    await connection.execute("ALTER TABLE tag ADD COLUMN odd integer")
    await connection.close()
    await clones.give_back(name)
    other = await clones.take()
    assert other != name
    await clones.give_back(other)


async def state(servers: Servers, name: str) -> list[object]:
    connection = await asyncpg.connect(servers.database(name))
    try:
        return [await connection.fetch(sql) for sql in STATE]
    finally:
        await connection.close()


async def ended(connection: asyncpg.Connection) -> bool:
    try:
        await connection.execute("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return True
    return False
