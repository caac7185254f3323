"""A real mailroom process for tests that kill and restart it: `python -m tests.mailroom.process PACE`."""

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
from workers.mailroom.imap import Pace

ROOT = Path(__file__).parents[2]


class MailroomProcess:
    """`start` returns at once; `kill` is kill -9."""

    def __init__(self, settings: Settings, pace: Pace) -> None:
        self.settings, self.pace = settings, pace
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> MailroomProcess:
        """A new process; it may be started again after `kill` or `stop`."""
        environ = os.environ | {
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "HUB_SECRET": self.settings.secret,
            "HUB_DATA": str(self.settings.data),
            "HUB_SMTP_PORT": str(self.settings.smtp_port),
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.mailroom.process", msgspec.json.encode(self.pace).decode()],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> float:
        """SIGTERM; the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
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
        return Path(self.settings.data) / "mailroom.log"


@contextmanager
def mailroom_process(settings: Settings, pace: Pace) -> Iterator[MailroomProcess]:
    """A running mailroom, gone at the end whatever happened to it."""
    mailroom = MailroomProcess(settings, pace).start()
    try:
        yield mailroom
    finally:
        if mailroom.process is not None and mailroom.process.poll() is None:
            mailroom.kill()


async def _main(pace: Pace) -> None:
    from config.settings import read
    from workers.mailroom.main import run

    task = asyncio.ensure_future(run(read(), pace=pace))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(sys.argv[1], type=Pace)))
