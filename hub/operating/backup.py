"""A backup: everything in the database, then the files its rows name (INVARIANTS §15), in one folder.

Nothing is paused for it. Files are never changed once written, and while it runs none is collected.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from hub.operating import postgres_programs
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

DUMP, FILES, ABOUT = "database.dump", "files", "about.json"
AT_ONCE = 200
Told = Callable[[int, int], None]
"""How far it is: files copied, files there are."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is: when its database was read, of which generation and schema, how many files."""

    taken_at: datetime
    generation: int
    schema: str
    files: int


async def take(hub: Hub, folder: Path, told: Told = lambda done, all_: None) -> About:
    """Write a backup into a folder that is not there yet. Raises Conflict, Unavailable, OSError.

    It appears under its name only when it is whole.
    """
    if await asyncio.to_thread(folder.exists):
        raise Conflict(_("%(folder)s is there already: choose another name.", folder=folder))
    draft = folder.with_name(f".{folder.name}.unfinished")
    await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    async with hub.pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock_shared(hashtext('files'))")
        try:
            [row] = await connection.fetch(
                "SELECT now() AS at, generation, (SELECT max(name) FROM migration) AS schema FROM installation"
            )
            await postgres_programs.run(
                "pg_dump", hub.settings.database_url, "--format=custom", f"--file={draft / DUMP}"
            )
            copied = await _copy(hub.files.root, draft / FILES, told)
        finally:
            await connection.execute("SELECT pg_advisory_unlock_shared(hashtext('files'))")
    about = About(taken_at=row["at"], generation=row["generation"], schema=row["schema"], files=copied)
    (draft / ABOUT).write_bytes(msgspec.json.encode(about))
    await asyncio.to_thread(_sync, draft)
    draft.rename(folder)
    return about


def about(folder: Path) -> About:
    """What lies in a folder. Raises BadInput when it is no backup."""
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(_("%(folder)s is not a backup of Dialogo.", folder=folder), field="folder") from error


async def put_back(folder: Path, root: Path, told: Told = lambda done, all_: None) -> int:
    """Copy the files of a backup into a store, beside what is there; how many there are. Raises OSError."""
    return await _copy(folder / FILES, root, told)


async def _copy(source: Path, target: Path, told: Told) -> int:
    """Every file below `source` that `target` has not; first the store itself, then its trash."""
    keys = await asyncio.to_thread(_keys, source)
    for start in range(0, len(keys), AT_ONCE):
        await asyncio.to_thread(_copy_some, source, target, keys[start : start + AT_ONCE])
        told(min(start + AT_ONCE, len(keys)), len(keys))
    return len(keys)


def _keys(root: Path) -> list[Path]:
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.name[0] != "."]
    return sorted(found, key=lambda key: (key.parts[0] == "trash", key))


def _copy_some(source: Path, target: Path, keys: list[Path]) -> None:
    for key in keys:
        wanted = target / key
        if wanted.exists():
            continue
        wanted.parent.mkdir(parents=True, exist_ok=True)
        beside = wanted.with_name(f".{wanted.name}.copy")
        try:
            shutil.copy2(source / key, beside)
        except FileNotFoundError:  # thrown away since we looked: the trash, copied last, has it
            continue
        beside.rename(wanted)


def _sync(folder: Path) -> None:
    """Onto the disk, all of it."""
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
