"""Processes of the house that start in a moment and may be killed at any: forked from one that has all loaded.

`python -m tests.forking` is that one, the nursery: it reads a JSON line a wish and answers with a number. There is
one for a pytest process; kill -9 of what it forked is really that.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


class Nursery:
    """The process that forks, and what this pytest process asks of it."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        atexit.register(self._process.kill)  # what it forked goes with it

    def ask(self, **wish: object) -> int:
        """The number it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(wish).encode() + b"\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


nursery = cache(Nursery)
"""The one of this pytest process, from the first time it is needed."""


class Forked:
    """One forked process, as `subprocess.Popen` would show it."""

    def __init__(self, sort: str, pace: str, environ: dict[str, str], log: Path) -> None:
        self.pid = nursery().ask(sort=sort, pace=pace, environ=environ, log=str(log))
        self.returncode: int | None = None
        self._end = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        if self.returncode is None and select.select([self._end], [], [], 0)[0]:
            os.close(self._end)
            self.returncode = nursery().ask(ended=self.pid)
        return self.returncode

    def wait(self, seconds: float) -> int:
        """How it ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None and not select.select([self._end], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), seconds)
        ended = self.poll()
        assert ended is not None
        return ended

    def send_signal(self, number: signal.Signals) -> None:
        """A signal; none to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def serve() -> None:
    """Do what each line says, until there are no more: fork, or bury what has ended."""
    import workers.mailroom.main
    import workers.main  # noqa: F401 — loaded once, for all of them
    from tests.process import main

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing a library prints is an answer
    for line in sys.stdin:
        wish = json.loads(line)
        if "ended" in wish:
            number = os.waitstatus_to_exitcode(os.waitpid(wish["ended"], 0)[1])
        else:
            number = os.fork()
            if not number:
                _prepared(wish["environ"], wish["log"])
                _run(main(wish["sort"], wish["pace"]))
        print(number, file=answers, flush=True)


def _prepared(environ: dict[str, str], log: str) -> None:
    """In the new process: what was the nursery's is no longer."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.environ.clear()
    os.environ.update(environ)


def _run(what: Coroutine[None, None, None]) -> NoReturn:
    """To its end, and end without what belongs to the nursery."""
    code = 1
    try:
        asyncio.run(what)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
