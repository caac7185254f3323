"""A server that an earlier run left behind: find it by its pid file, be sure it is ours, end it properly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path


def left_behind(pid_file: Path, folder: Path) -> int:
    """The pid of a living process of ours that works in `folder`; 0 if there is none.

    A pid alone proves nothing: after a reboot or in a container it is soon somebody else's.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return 0
    return pid if pid > 1 and works_in(pid, folder) else 0


def works_in(pid: int, folder: Path) -> bool:
    """Whether this process lives and its working folder is `folder`."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(folder)
        except OSError:
            return False
    listed = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)
    return str(folder) in listed.stdout


async def end(pid: int, folder: Path, steps: list[tuple[signal.Signals, float]]) -> None:
    """Send signal after signal, each with its seconds of patience, until the process is gone."""
    for number, patience in steps:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while works_in(pid, folder) and time.monotonic() < deadline:  # noqa: ASYNC110  (not our child)
            await asyncio.sleep(0.03)
        if not works_in(pid, folder):
            return
