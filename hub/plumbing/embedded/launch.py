"""What happens between fork and exec of a child: it dies with its parent, and never runs as root.

Run as a plain script with the standard library only (`python -S -E launch.py …`), because code between fork
and exec of a threaded program may not run Python safely:

    launch.py DEATH_SIGNAL PARENT_PID IDENTITY COMMAND ARGUMENT…

IDENTITY is `same`, `namespace` (root only: another user namespace, in which we own the same files but are not
root) or a number (root only: that user id, keeping only the right to enter folders and open files).
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1

REFUSED = 77
"""Exit code when the machine does not let us take that identity."""


def main(arguments: list[str]) -> None:
    """Take the identity, tie our life to the parent's, become the command."""
    death_signal, parent, identity, *command = arguments
    if identity == "namespace":
        _enter_namespace()
    elif identity != "same":
        _become(int(identity))
    # The kernel forgets the death signal when the identity changes, so it is set last.
    _die_with(int(parent), int(death_signal))
    os.execv(command[0], command)


def _enter_namespace() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        sys.exit(REFUSED)


def _become(uid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    except OSError:
        sys.exit(REFUSED)
    _keep_entering_folders(libc)


def _keep_entering_folders(libc: ctypes.CDLL) -> None:
    """Keep CAP_DAC_OVERRIDE across exec: programs and data may lie below a folder only root enters."""
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    libc.capset(header, sets)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _die_with(parent: int, death_signal: int) -> None:
    if not sys.platform.startswith("linux") or not death_signal:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
