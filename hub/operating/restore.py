"""A backup becomes the house again, without anything being sent twice (INVARIANTS §18, promise 73).

It is restored beside the present database and takes its place only when it is whole; the present one is kept under
another name. Then the generation is one higher, numbers jump, and nothing leaves until a person says go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec

from config.settings import Settings
from hub import erasing
from hub.campaigns import halting
from hub.deliveries import recovering
from hub.operating import backup, generations, postgres_programs
from hub.operating.backup import Told
from hub.plumbing import history, parked, pausing
from hub.plumbing.clock import now
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx, open_connection, transaction_on
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.migrate import migrate
from hub.plumbing.texts import _

JUMP = 10_000_000
"""Numbers drawn after the backup stand in mails and at providers: none may come again for something else."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `before`: the name the replaced database has now. `doubtful`: deliveries perhaps sent since.

    `halted`: campaigns that wait for a person.
    """

    taken_at: datetime
    generation: int
    before: str
    files: int
    doubtful: int
    halted: int


async def restore(settings: Settings, folder: Path, told: Told = lambda done, all_: None) -> Restored:
    """Put a backup in the place of the present database. Raises BadInput, Conflict while anything runs, Unavailable."""
    about = backup.about(folder)
    name = urlsplit(settings.database_url).path.lstrip("/")
    if not name:
        raise BadInput(_("DATABASE_URL names no database."), field="DATABASE_URL")
    fresh = f"{name}_restoring"
    async with _connected(_other(settings.database_url, "postgres")) as server:
        await _must_be_idle(server, name)
        present = await generations.known(settings)
        await server.execute(f"DROP DATABASE IF EXISTS {_quoted(fresh)}")
        await server.execute(f"CREATE DATABASE {_quoted(fresh)} TEMPLATE template0")
        url = _other(settings.database_url, fresh)
        await postgres_programs.run(
            "pg_restore", url, "--no-owner", "--exit-on-error", str(folder / backup.DUMP)
        )
        await migrate(url)
        generation = max(about.generation, present) + 1
        doubtful, halted = await _settle(url, settings, generation, about.taken_at)
        files = await backup.put_back(folder, settings.data / "files", told)
        before = f"{name}_before_{now():%Y%m%d_%H%M%S}"
        await server.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(before)}")
        await server.execute(f"ALTER DATABASE {_quoted(fresh)} RENAME TO {_quoted(name)}")
    generations.remember(settings.data, generation)
    return Restored(
        taken_at=about.taken_at,
        generation=generation,
        before=before,
        files=files,
        doubtful=doubtful,
        halted=halted,
    )


async def _settle(url: str, settings: Settings, generation: int, taken_at: datetime) -> tuple[int, int]:
    """Before anybody sees it: another generation, higher numbers, paused, what was perhaps done since in doubt.

    Whoever was erased since goes again, as far as the file beside the data knows (INVARIANTS §19).
    """
    connection = await open_connection(url, name="dialogo restore")
    async with transaction_on(connection) as tx:
        await tx.execute("UPDATE installation SET generation = $1", generation)
        await pausing.pause(tx)
        await _jump(tx)
        why = _(
            "restored from a backup of %(when)s UTC: perhaps done since", when=f"{taken_at:%Y-%m-%d %H:%M}"
        )
        halted = await halting.halt(tx, settings.mail_domain, why, taken_at)
        doubtful = await recovering.doubt_waiting(tx, why)
        await parked.park_outside(tx, why)
        await erasing.again(tx, Crypto(settings.secret), erasing.remembered(settings.data))
        await history.record(tx, "restored", taken_at=taken_at.isoformat(), generation=generation)
    await connection.close()
    return doubtful, halted


async def _jump(tx: Tx) -> None:
    """Every sequence of ours, by ten million."""
    names = await tx.fetch(
        "SELECT quote_ident(sequencename) AS name FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
    )
    for row in names:
        await tx.execute(f"SELECT setval('{row['name']}', (SELECT last_value FROM {row['name']}) + {JUMP})")


async def _must_be_idle(server: asyncpg.Connection, name: str) -> None:
    """Raises Conflict while a process of ours, or anybody, has the database open."""
    busy = await server.fetch(
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        name,
    )
    if busy:
        names = ", ".join(sorted(row[0] or "?" for row in busy))
        raise Conflict(_("Stop everything first: %(names)s still use the database.", names=names))


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        yield connection
    finally:
        await connection.close()


def _other(url: str, name: str) -> str:
    """The same server, another database."""
    return postgres_programs.joined(urlsplit(url)._replace(path=f"/{name}"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
