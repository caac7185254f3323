"""A real worker process for tests that kill, stop and restart it: `python -m tests.workers.process PACE`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from config.settings import Settings
from hub.departure import Pace

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """`start` returns once it works; `kill` is kill -9."""

    def __init__(self, settings: Settings, pace: Pace) -> None:
        self.settings = settings
        self.pace = pace
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> WorkerProcess:
        """A new process; does not wait until it is up."""
        with (Path(self.settings.data) / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers.process", msgspec.json.encode(self.pace).decode()],
                cwd=ROOT,
                env=worker_environ(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 15.0) -> float:
        """SIGTERM; how long it took to drain."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(seconds)
        return time.monotonic() - begun

    def log(self) -> str:
        """What it wrote, for a failing test."""
        return (Path(self.settings.data) / "worker.log").read_text()


def worker_environ(settings: Settings) -> dict[str, str]:
    """The environment of a process of this test's hub."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "HUB_SECRET": settings.secret,
        "HUB_DATA": str(settings.data),
        "HUB_SMTP_PORT": "0",
    }


@contextmanager
def worker_process(settings: Settings, pace: Pace) -> Iterator[WorkerProcess]:
    """A running worker, gone at the end whatever happened to it."""
    worker = WorkerProcess(settings, pace).start()
    try:
        yield worker
    finally:
        if worker.process is not None and worker.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                worker.send(signal.SIGCONT)
            worker.kill()


async def _main(pace: Pace) -> None:
    from config.settings import read
    from workers.main import run

    task = asyncio.ensure_future(run(read(), pace=pace))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(sys.argv[1], type=Pace)))
