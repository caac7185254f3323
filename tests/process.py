"""A real worker or mailroom for tests that kill, stop and restart it; how it starts: forking.py."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, Self, TypeVar

import msgspec

from config.settings import Settings
from hub import departure
from tests.forking import Forked
from workers.mailroom import imap

ROOT = Path(__file__).parents[1]
P = TypeVar("P", bound=msgspec.Struct)


class Process(Generic[P]):
    """One process of the house; `start` returns at once, `kill` is kill -9."""

    sort: str

    def __init__(self, settings: Settings, pace: P) -> None:
        self.settings, self.pace = settings, pace
        self.process: Forked | None = None

    def start(self) -> Self:
        """A new process; it may be started again after `kill` or `stop`. Does not wait until it is up."""
        pace = msgspec.json.encode(self.pace).decode()
        self.process = Forked(self.sort, pace, environ(self.settings), self._log)
        return self

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP, and wait until it stands still."""
        assert self.process is not None
        self.send(signal.SIGSTOP)
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.send(signal.SIGKILL)
        self.process.wait(60)

    def stop(self, seconds: float = 20.0) -> float:
        """SIGTERM; the seconds it took to drain."""
        assert self.process is not None
        began = time.monotonic()
        self.send(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - began

    def cpu_seconds(self) -> float:
        """Processor time it used so far, its children not counted."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """What it wrote, for a failing test."""
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return Path(self.settings.data) / f"{self.sort}.log"


class WorkerProcess(Process[departure.Pace]):
    """`hub worker`."""

    sort = "worker"


class MailroomProcess(Process[imap.Pace]):
    """`hub mailroom`."""

    sort = "mailroom"


@contextmanager
def worker_process(settings: Settings, pace: departure.Pace) -> Iterator[WorkerProcess]:
    """A running worker with its door for mail shut, gone at the end whatever happened to it."""
    worker = WorkerProcess(msgspec.structs.replace(settings, smtp_port=0), pace)
    with _running(worker):
        yield worker


@contextmanager
def mailroom_process(settings: Settings, pace: imap.Pace) -> Iterator[MailroomProcess]:
    """A running mailroom, gone at the end whatever happened to it."""
    mailroom = MailroomProcess(settings, pace)
    with _running(mailroom):
        yield mailroom


@contextmanager
def _running(process: Process[P]) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        if process.process is not None and process.process.poll() is None:
            process.kill()  # a frozen one as well


def environ(settings: Settings) -> dict[str, str]:
    """The environment of a process of this test's hub."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "HUB_SECRET": settings.secret,
        "HUB_DATA": str(settings.data),
        "HUB_SMTP_PORT": str(settings.smtp_port),
    }


async def main(sort: str, pace: str) -> None:
    """Run until SIGTERM."""
    from config.settings import read
    from workers import main as worker
    from workers.mailroom import main as mailroom

    running = (
        worker.run(read(), pace=msgspec.json.decode(pace, type=departure.Pace))
        if sort == WorkerProcess.sort
        else mailroom.run(read(), pace=msgspec.json.decode(pace, type=imap.Pace))
    )
    task = asyncio.ensure_future(running)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):  # told to stop
        await task
