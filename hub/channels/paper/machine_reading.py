"""The words on a page, read by the program tesseract where it is installed; without it nobody reads."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

LANGUAGES = ("spa", "eng")
SECONDS = 25.0
MEMORY = 1_000_000_000
_KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TESSDATA_PREFIX")
LONGEST = 20_000  # characters of one page
_ROOT = str(Path(__file__).resolve().parents[3])


def is_there() -> bool:
    """Whether the program can be started."""
    return shutil.which("tesseract") is not None


async def words(picture: bytes) -> str:
    """The text of a page's PNG, "" for none or when its seconds were over."""
    known = await _known()
    languages = "+".join(one for one in LANGUAGES if one in known) or "eng"
    out = await _run(picture, "tesseract", "stdin", "stdout", "-l", languages)
    lines = [line.rstrip() for line in out.decode("utf-8", "replace").replace("\f", "\n").splitlines()]
    return "\n".join(lines).strip()[:LONGEST]


async def _known() -> set[str]:
    return set((await _run(b"", "tesseract", "--list-langs")).decode("utf-8", "replace").split())


async def _run(given: bytes, *program: str) -> bytes:
    places = os.pathsep.join(dict.fromkeys([_ROOT, *(place for place in sys.path if place)]))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.channels.confined",
        str(MEMORY),
        str(SECONDS),
        *program,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        | {"PYTHONPATH": places, "OMP_THREAD_LIMIT": "1"},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await child.communicate(given)
    except TimeoutError:
        return b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return out
