"""Child processes that touch what strangers sent, as their parent starts and asks them; their limits: confined.py."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

_KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "TESSDATA_PREFIX")
_ROOT = str(Path(__file__).resolve().parents[2])


async def start(module: str, *arguments: object, quiet: bool = False) -> Process:
    """A module of ours as a process that knows no secret of its parent's; spoken to over stdin and stdout.

    `quiet`: what it complains of is nobody's business, for it complains always.
    """
    places = [_ROOT, *(place for place in sys.path if place)]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *map(str, arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL if quiet else None,
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        | {
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)),
            "PYTHONDONTWRITEBYTECODE": "1",  # the child may write no file
            "OMP_THREAD_LIMIT": "1",
        },
        start_new_session=True,  # Ctrl-C in the terminal is for the parent, who ends us
    )


async def ask(module: str, *arguments: object, given: bytes, seconds: float, quiet: bool = False) -> bytes:
    """All it says to what it is given, once; "" when its seconds were over. It never outlives the question."""
    child = await start(module, *arguments, quiet=quiet)
    try:
        async with asyncio.timeout(seconds):
            out, _ = await child.communicate(given)
    except TimeoutError:
        return b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return out
