"""Files by their content's SHA-256: written safely before any row names them (INVARIANTS §15)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

FOLDERS = tuple(f"{number:02x}" for number in range(256))


class Files:
    """A content-addressed store in one folder; keys look like `ab/abcdef…` and never come from a stranger."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trash = root / "trash"

    async def put(self, content: bytes) -> str:
        """Store bytes; the key. Always writes (temp, fsync, rename, fsync of the folder). Raises OSError."""
        return await asyncio.to_thread(self._put, content)

    async def get(self, key: str) -> bytes:
        """The bytes of a key. Raises NotFound."""
        return await asyncio.to_thread(self.path(key).read_bytes)

    def path(self, key: str) -> Path:
        """Where a key's bytes lie, in the store or still in the trash. Raises NotFound."""
        for folder in (self.root, self.trash):
            if (folder / key).is_file():
                return folder / key
        raise NotFound(
            _(
                "The file %(file)s is not in %(folder)s: restore it from the backup.",
                file=key,
                folder=self.root,
            )
        )

    def older(self, folder: str, before: datetime) -> list[str]:
        """The keys lying in a folder (`ab`, or `trash/ab`) untouched since `before`; half-written ones are removed."""
        keys = []
        for path in sorted((self.root / folder).glob("*")) + sorted((self.root / folder).glob(".*")):
            if not path.is_file() or path.stat().st_mtime >= before.timestamp():
                continue
            if path.name.startswith("."):
                path.unlink(missing_ok=True)
            else:
                keys.append(f"{path.parent.name}/{path.name}")
        return keys

    def erase(self, keys: Sequence[str], before: datetime) -> list[str]:
        """Delete for good what nobody names, in the store and in the trash; those put since `before` stay for now.

        Whoever stores the same bytes at this moment has not named them yet.
        """
        young = []
        for key in keys:
            kept = self.root / key
            if kept.is_file() and kept.stat().st_mtime >= before.timestamp():
                young.append(key)
                continue
            kept.unlink(missing_ok=True)
            (self.trash / key).unlink(missing_ok=True)
        return young

    def throw_away(self, key: str) -> None:
        """Into the trash, where its age begins anew; reads still find it there."""
        os.utime(self.root / key)  # before the move: a crash between leaves a young file in the store
        (self.trash / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).rename(self.trash / key)

    def take_back(self, key: str) -> None:
        """Out of the trash; what was stored anew meanwhile is the same."""
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.trash / key).rename(self.root / key)

    def forget(self, key: str) -> None:
        """Out of the trash for good; a copy stored anew meanwhile stays."""
        (self.trash / key).unlink(missing_ok=True)

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        folder = self.root / digest[:2]
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{digest}.{secrets.token_hex(4)}"
        try:
            _write(temporary, content)
            temporary.rename(folder / digest)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(folder)
        return f"{digest[:2]}/{digest}"


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
