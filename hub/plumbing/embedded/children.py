"""Child processes: started, watched, restarted with growing delay, stopped in order, never orphaned."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hub.plumbing.embedded import launch
from hub.plumbing.errors import HubError

LOG_BYTES = 10_000_000
LOGS_KEPT = 3
LONGEST_DELAY = 10.0
"""Seconds between two starts of a child that keeps dying."""
STEADY_AFTER = 60.0
"""Seconds after which a child counts as healthy again."""


class ChildDied(HubError):
    """A child process ended before it was ready; the message carries its last words and what to do."""

    status = 503
    code = "child_died"


@dataclass(frozen=True)
class Command:
    """How one child is run. Times are in seconds.

    `identity` is launch.py's; the child gets `death_signal` when we die, `stop_signal` when we stop it.
    `before` runs ahead of every start, `ready` after it until it says True.
    """

    name: str
    argv: Sequence[str]
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    identity: str = "same"
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGTERM
    grace: float = 15.0
    before: Callable[[], Awaitable[None]] | None = None
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_within: float = 30.0


class Child:
    """One running process of a Command."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.process: asyncio.subprocess.Process | None = None
        self.started = 0.0

    @property
    def pid(self) -> int:
        """The process id; 0 before the first start."""
        return self.process.pid if self.process else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises ChildDied."""
        if self.command.before:
            await self.command.before()
        with _log(self.command.log) as log:
            self.process = await asyncio.create_subprocess_exec(
                *_launched(self.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.command.folder,
                env={**os.environ, **self.command.environ},
                # Its own session: Ctrl-C reaches only us, and we stop the children in order.
                start_new_session=True,
            )
        self.started = time.monotonic()
        await self._until_ready()

    async def _until_ready(self) -> None:
        while self.command.ready and not await self.command.ready():
            if not self.alive:
                raise ChildDied(self.last_words())
            if time.monotonic() - self.started > self.command.ready_within:
                await self.stop()
                raise ChildDied(self.last_words(f"was not ready after {self.command.ready_within:.0f} s"))
            await asyncio.sleep(0.03)

    async def wait(self) -> int:
        """Wait for its end; gives the exit code, negative for a signal."""
        assert self.process is not None
        return await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end, insist after the grace."""
        if not self.alive or self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.command.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), self.command.grace)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def last_words(self, what: str = "") -> str:
        """What happened, the log's last lines, where the log is."""
        code = self.process.returncode if self.process else None
        what = what or f"ended ({_exit_in_words(code)})"
        lines = "".join(f"\n    {line}" for line in tail(self.command.log))
        return f"{self.command.name} {what}; its log {self.command.log} ends with:{lines}"


class Children:
    """Several children watched together: what dies is started again, later each time up to 10 s."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._children: list[Child] = []
        self._watches: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, command: Command) -> Child:
        """Start a child and watch over it. Raises ChildDied if it does not become ready the first time."""
        child = Child(command)
        self._children.append(child)
        try:
            await child.start()
        except ChildDied:
            self._children.remove(child)
            raise
        self._watches.append(asyncio.create_task(self._watch(child)))
        return child

    async def stop(self) -> None:
        """Stop all, the last started first."""
        self._stopping = True
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for child in reversed(self._children):
            await child.stop()

    async def _watch(self, child: Child) -> None:
        deaths: deque[float] = deque(maxlen=3)
        delay = 0.0
        told = -STEADY_AFTER
        while not self._stopping:
            await self._end_of(child)
            steady = time.monotonic() - child.started > STEADY_AFTER
            delay = 0.1 if steady or not delay else min(delay * 2, LONGEST_DELAY)
            deaths.append(time.monotonic())
            told = self._report(child, deaths, delay, told)
            await asyncio.sleep(delay)
            await self._start_again(child)

    async def _end_of(self, child: Child) -> None:
        """Wait for the end, keeping the log small meanwhile."""
        while child.alive:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(child.wait()), 30)
            try:
                await asyncio.to_thread(shorten, child.command.log)
            except OSError as error:  # the child matters more than its log
                self.say(f"{child.command.log} cannot be cut: {error}")

    async def _start_again(self, child: Child) -> None:
        try:
            await child.start()
        except ChildDied:
            return  # said with the next round
        except (HubError, OSError) as error:  # a full disk, no more processes: the watch goes on
            self.say(f"{child.command.name} cannot be started now: {error}")

    def _report(self, child: Child, deaths: deque[float], delay: float, told: float) -> float:
        """Say it; its last words once a minute. Gives when those were told last."""
        now = deaths[-1]
        keeps_dying = len(deaths) == deaths.maxlen and now - deaths[0] < STEADY_AFTER
        if keeps_dying and now - told >= STEADY_AFTER:
            self.say(
                f"{child.last_words('keeps dying')}\n    It is tried again and again; `hub doctor` may know."
            )
            return now
        code = child.process.returncode if child.process else None
        self.say(f"{child.command.name} ended ({_exit_in_words(code)}): starting it again in {delay:.1f} s")
        return told


def shorten(log: Path) -> None:
    """Copy a log over 10 MB to NAME.log.1 and empty it; the writer appends, so it goes on at the start."""
    if not log.exists() or log.stat().st_size < LOG_BYTES:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    kept = log.with_name(f"{log.name}.1")
    try:
        shutil.copyfile(log, kept)
    except OSError:  # the disk is full: room matters more than an old log
        kept.unlink(missing_ok=True)
    os.truncate(log, 0)


def tail(log: Path, lines: int = 4) -> list[str]:
    """The last lines of a log that hold something, 300 characters of each."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        text = file.read().decode("utf-8", "replace")
    return [line[:300] for line in text.splitlines() if line.strip()][-lines:]


def _log(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("ab")


def _launched(command: Command) -> list[str]:
    own = (str(command.death_signal), str(os.getpid()), command.identity)
    return [sys.executable, "-S", "-E", launch.__file__, *own, *command.argv]


def _exit_in_words(code: int | None) -> str:
    if code is None:
        return "still running"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
