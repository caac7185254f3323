"""Where an embedded server keeps its data, its socket and the lock that says who runs it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from pathlib import Path

from hub.plumbing.errors import HubError

LONGEST_FOLDER = 80
"""Bytes: a socket's whole path must stay below 104 on every system, with `/.s.PGSQL.5432.lock` in it."""


class Lock:
    """Held by the process that runs a server; the kernel lets go of it when that process dies, however."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def take(self) -> bool:
        """Whether it is ours now; False when another living process holds it."""
        if self._descriptor >= 0:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let others run the server."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def socket_folder(data: Path) -> Path:
    """A private folder for sockets: below HUB_DATA, or a short one in /tmp if that path is long or odd."""
    data.mkdir(parents=True, exist_ok=True)
    owner = data.stat().st_uid
    folder = data.resolve() / "run"
    if len(os.fsencode(folder)) > LONGEST_FOLDER or not re.fullmatch(r"[\w/.-]+", str(folder), re.ASCII):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        folder = Path("/tmp") / f"dialogo-{owner}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    _check_private(folder, owner)
    return folder


def _check_private(folder: Path, owner: int) -> None:
    """In /tmp somebody else may have made the folder first, to sit between us and the database."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.getuid()):
        raise HubError(f"{folder} is not ours: remove it, or set HUB_DATA to another folder")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
