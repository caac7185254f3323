"""As which user PostgreSQL runs: it refuses to be root, so root lends it another identity."""

from __future__ import annotations

import asyncio
import os
import pwd
import sys
from pathlib import Path

from hub.plumbing.embedded import launch
from hub.plumbing.errors import HubError


async def identity_for(folder: Path) -> str:
    """launch.py's identity for a server whose data lie in `folder` (made if missing).

    A normal user stays who they are. Root runs it as the folder's owner; if that is root too, in a user
    namespace, where the files stay root's; and where that is forbidden (many containers) as nobody, to whom
    the folder is handed over.
    """
    if os.getuid() != 0:
        return "same"
    owner = _owner(folder)
    if owner != 0:
        return str(owner)
    if await _namespace_allowed():
        return "namespace"
    return str(await asyncio.to_thread(_hand_over, folder))


def _owner(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.stat().st_uid


async def _namespace_allowed() -> bool:
    trial = (launch.__file__, "0", str(os.getpid()), "namespace", "/bin/true")
    process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-E", *trial)
    return await process.wait() == 0


def _hand_over(folder: Path) -> int:
    try:
        uid = pwd.getpwnam("nobody").pw_uid
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
    except (KeyError, OSError) as error:
        raise HubError(
            "PostgreSQL does not run as root and this machine lends no other user: "
            "run as a normal user, or set DATABASE_URL"
        ) from error
    return uid
