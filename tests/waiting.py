"""Waiting for what will happen: never for a time, and a failure says what was asked and what it answered last."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

PAUSE_SECONDS = 0.02
BLOCKING_PAUSE_SECONDS = 0.1  # who blocks looks through all processes
LONGEST_SECONDS = 60.0


async def until(ask: Callable[[], Any], seconds: float = LONGEST_SECONDS) -> Any:
    """The first true answer of `ask`, which may be a coroutine function. Raises AssertionError."""
    return await _until(ask, bool, "something true", seconds)


async def until_equal(ask: Callable[[], Any], wanted: object, seconds: float = LONGEST_SECONDS) -> None:
    """Wait until `ask()` answers `wanted`. Raises AssertionError."""
    await _until(ask, lambda found: found == wanted, repr(wanted), seconds)


def blocking_until(ask: Callable[[], object], seconds: float = LONGEST_SECONDS) -> None:
    """The same where no loop runs. Raises AssertionError."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, _words(ask, found, "something true", seconds)
        time.sleep(BLOCKING_PAUSE_SECONDS)


async def _until(ask: Callable[[], Any], enough: Callable[[Any], bool], wanted: str, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = ask()
        found = await found if isinstance(found, Awaitable) else found
        if enough(found):
            return found
        assert time.monotonic() < deadline, _words(ask, found, wanted, seconds)
        await asyncio.sleep(PAUSE_SECONDS)


def _words(ask: Callable[[], Any], found: object, wanted: str, seconds: float) -> str:
    """The line that asked stands in it: of a lambda, the whole condition."""
    try:
        asked = " ".join(line.strip() for line in inspect.getsource(ask).splitlines()[:6])
    except (OSError, TypeError):
        asked = repr(ask)
    return f"{found!r} instead of {wanted} after {seconds:g} s: {asked}"
