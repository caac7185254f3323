"""The words on a page, read by the program tesseract where it is installed; without it nobody reads."""

from __future__ import annotations

import shutil

from hub.channels import children

LANGUAGES = ("spa", "eng")
SECONDS = 25.0
MEMORY = 1_000_000_000
LONGEST = 20_000  # characters of one page


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
    return await children.ask(
        "hub.channels.confined", MEMORY, SECONDS, *program, given=given, seconds=SECONDS, quiet=True
    )
