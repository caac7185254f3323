"""One real PostgreSQL and one real Valkey for a test session, shared by all its xdist workers.

They run below a small process of their own (`python -m tests.fakes.servers FOLDER`), which ends them when
nobody holds the folder's `users` lock any more: the kernel drops that lock even when a test run is killed.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hub.plumbing.embedded.children import Children
from hub.plumbing.embedded.kept import Kept
from hub.plumbing.embedded.place import socket_folder
from hub.plumbing.embedded.postgres import Postgres
from hub.plumbing.embedded.valkey import Valkey

READY_WITHIN = 120.0


@dataclass
class Servers:
    """`dsn` for asyncpg, `redis_url` for redis-py; `stop()` when this process needs them no more."""

    dsn: str
    redis_url: str
    folder: Path
    users: int
    remove: bool = False

    @classmethod
    def start(cls, directory: Path | None = None) -> Servers:
        """Servers of our own in `directory` (else a temporary folder, removed at the end)."""
        folder = directory or Path(tempfile.mkdtemp(prefix="dialogo-test-"))
        servers = shared(folder)
        servers.remove = directory is None
        return servers

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def database(self, name: str) -> str:
        """The DSN of another database on the same server."""
        return self.dsn.replace("/dialogo?", f"/{quote(name)}?", 1)

    def stop(self) -> None:
        """Let go; the last one to let go ends the servers, and waits for it."""
        if self.users < 0:
            return
        os.close(self.users)
        self.users = -1
        _wait_for_end(self.folder)
        if self.remove:
            shutil.rmtree(self.folder.parent, ignore_errors=True)


def shared(tmp_root: Path) -> Servers:
    """The servers of a test session: whoever comes first starts them, whoever leaves last ends them.

    `tmp_root` is the same for all workers (xdist: `tmp_path_factory.getbasetemp().parent`).
    """
    folder = tmp_root / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "door"):
        told = folder / "ready.json"
        if not _held(folder / "keeper"):
            told.unlink(missing_ok=True)  # its keeper was killed
        if not told.exists():
            _spawn(folder)
        urls = json.loads(told.read_text())
        users = os.open(folder / "users", os.O_RDWR | os.O_CREAT)
        fcntl.flock(users, fcntl.LOCK_SH)
    return Servers(urls["dsn"], urls["redis_url"], folder, users)


def _spawn(folder: Path) -> None:
    """Start the process that runs the servers; returns when both answer."""
    with (folder / "log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.servers", str(folder)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_WITHIN
    while not (folder / "ready.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the test servers did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)


def _wait_for_end(folder: Path) -> None:
    """If nobody else uses the servers, wait until they are gone."""
    deadline = time.monotonic() + 20
    while _held(folder / "keeper") and not _held(folder / "users") and time.monotonic() < deadline:
        time.sleep(0.02)


def _held(path: Path) -> bool:
    """Whether a living process holds this lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def _keep(folder: Path) -> None:
    """Run both servers until nobody uses them."""
    children = Children(lambda line: print(line, flush=True))
    data = folder / "data"
    kept = [Kept(Postgres(data, durable=False), children), Kept(Valkey(data), children)]
    told = folder / "ready.json"
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    try:
        await asyncio.gather(*(one.start() for one in kept))
        _tell(told, dsn=kept[0].server.url, redis_url=kept[1].server.url)
        await asyncio.sleep(1)  # time for the first user to take the lock
        while not stopped.is_set() and not _nobody_left(folder):
            await asyncio.sleep(0.1)
    finally:
        await children.stop()
        shutil.rmtree(socket_folder(data), ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
        told.unlink(missing_ok=True)


def _tell(path: Path, **urls: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(urls))
    draft.rename(path)


def _nobody_left(folder: Path) -> bool:
    """Checked behind the door, so that a newcomer either counts or finds the servers gone."""
    door = os.open(folder / "door", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # somebody is coming in
    try:
        if _held(folder / "users"):
            return False
        (folder / "ready.json").unlink(missing_ok=True)
        return True
    finally:
        os.close(door)


if __name__ == "__main__":
    with _locked(Path(sys.argv[1]) / "keeper"):
        asyncio.run(_keep(Path(sys.argv[1])))
