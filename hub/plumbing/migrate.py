"""Numbered SQL files, forward only, checksummed, one migrating process at a time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg
import msgspec

from hub.plumbing.errors import HubError

SCHEMA = Path(__file__).parent.parent / "schema"
LOCK = 0x4449414C  # any number of ours: one migration at a time on this database


class MigrationError(HubError):
    """The database and the files disagree; the text says which file and what to do."""


class Migration(msgspec.Struct, frozen=True):
    """One file of hub/schema: its name, its SQL and the SQL's SHA-256."""

    name: str
    sql: str
    checksum: str

    @property
    def in_transaction(self) -> bool:
        """Not with a first line `-- no transaction` (CREATE INDEX CONCURRENTLY needs that)."""
        return not self.sql.startswith("-- no transaction")


def files(folder: Path = SCHEMA) -> list[Migration]:
    """All migrations in order."""
    found = []
    for path in sorted(folder.glob("[0-9]*.sql")):
        sql = path.read_text()
        found.append(Migration(path.name, sql, hashlib.sha256(sql.encode()).hexdigest()))
    return found


async def migrate(dsn: str, folder: Path = SCHEMA) -> list[str]:
    """Bring the database up to date; the names of what ran. Raises MigrationError."""
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        ran = []
        for migration in await pending(connection, folder):
            await _apply(connection, migration)
            ran.append(migration.name)
        if ran:
            await connection.execute("ANALYZE")
        return ran
    finally:
        await connection.close()


async def pending(connection: asyncpg.Connection, folder: Path = SCHEMA) -> list[Migration]:
    """What has not run yet. Raises MigrationError when a file that ran was changed or is missing."""
    await connection.execute(
        """
        CREATE TABLE IF NOT EXISTS migration (
            name text PRIMARY KEY, checksum text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now())
        """
    )
    ran = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT * FROM migration")}
    known = files(folder)
    for name in ran.keys() - {migration.name for migration in known}:
        raise MigrationError(
            f"the database has run {name}, which this version does not know: install the newer one"
        )
    for migration in known:
        if ran.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it ran: put the old file back, add a new one"
            )
    return [migration for migration in known if migration.name not in ran]


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    note = "INSERT INTO migration (name, checksum) VALUES ($1, $2)"
    try:
        if migration.in_transaction:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(note, migration.name, migration.checksum)
        else:
            await connection.execute(migration.sql)
            await connection.execute(note, migration.name, migration.checksum)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}: {error}") from error
