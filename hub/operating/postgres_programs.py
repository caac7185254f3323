"""PostgreSQL's own programs, run for us: those beside the embedded server, else those of the machine."""

from __future__ import annotations

import asyncio
import os
import shutil

from hub.plumbing.embedded.postgres import programs
from hub.plumbing.errors import HubError, Unavailable
from hub.plumbing.texts import _


async def run(name: str, *arguments: str) -> None:
    """Run `pg_dump` or `pg_restore` to its end. Raises Unavailable with its last words."""
    process = await asyncio.create_subprocess_exec(
        _found(name), *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _out, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        last = said.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise Unavailable(_("%(program)s failed: %(words)s", program=name, words=" ".join(last)))


def _found(name: str) -> str:
    """Where it lies. Raises Unavailable."""
    try:
        own = programs() / name
    except HubError:
        own = None
    if own is not None and os.access(own, os.X_OK):
        return str(own)
    if (machine := shutil.which(name)) is None:
        raise Unavailable(
            _("%(program)s is not installed: install PostgreSQL's client programs.", program=name)
        )
    return machine
