"""Workers that start in a moment and may be killed at any: forked from one process that has everything loaded.

`python -m tests.forking PACE` reads a line a worker and answers with its pid. A worker is `workers.main.run` in a
process of its own; kill -9 is really that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import msgspec

from config.settings import Settings, read
from hub.departure import Pace
from tests.process import ROOT, environ


class Nursery:
    """The process that forks. Leaving the block kills what still runs."""

    def __init__(self, settings: Settings, pace: Pace) -> None:
        self.settings, self.pace = settings, pace
        self.running: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (Path(self.settings.data) / "workers.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", msgspec.json.encode(self.pace).decode()],
                cwd=ROOT,
                env=environ(msgspec.structs.replace(self.settings, smtp_port=0)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        for pid in list(self.running):
            self.kill(pid)
        self._process.kill()
        self._process.communicate()

    def start(self) -> int:
        """A new worker; its pid, at once."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"start\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self.running.add(pid)
        return pid

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """kill -9, or another signal."""
        with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
            os.kill(pid, number)
        if number == signal.SIGKILL:
            self.running.discard(pid)

    def log(self) -> str:
        """What they wrote, for a failing test."""
        return (Path(self.settings.data) / "workers.log").read_text()


def main(pace: Pace) -> None:
    """Fork a worker for each line, until there are no more."""
    import uvloop

    from workers import main as worker  # loaded once, for all of them

    settings = read()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    while sys.stdin.buffer.readline():
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            uvloop.run(_worked(worker.run(settings, pace=pace)))
            os._exit(0)
        print(pid, flush=True)


async def _worked(running: object) -> None:
    task = asyncio.ensure_future(running)  # type: ignore[call-overload]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):  # told to stop
        await task


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Pace))
