"""Limits a child process puts on itself before it touches what strangers sent.

`python -m hub.channels.confined MEMORY SECONDS PROGRAM ARGUMENT…` puts them on another program.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1


def live_no_longer_than_parent() -> None:
    """Be killed when the parent dies, however it dies; ends at once if it already has."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(0)


def limit(what: int, soft: int) -> None:
    """At most `soft` of a resource (`resource.RLIMIT_…`), less where the system already allows less."""
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def give_time(seconds: float) -> None:
    """From now at most `seconds` of processor time; then the process is killed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def most_ever_held() -> int:
    """Bytes of memory this process has held at most.

    `ru_maxrss` is no answer: on Linux a process begins with that of the one that started it.
    """
    with open("/proc/self/status", "rb") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(b"VmHWM:"))


def answering(memory: int) -> BinaryIO:
    """Take at most so many bytes, write no file, die with the parent; what answers leave by.

    Whatever a library prints goes elsewhere, so that it never mixes with an answer.
    """
    live_no_longer_than_parent()
    limit(resource.RLIMIT_AS, memory)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1 << 20)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def main() -> None:
    """Become the program named, with a limit on memory (bytes) and processor time (seconds)."""
    memory, seconds, *program = sys.argv[1:]
    live_no_longer_than_parent()
    limit(resource.RLIMIT_AS, int(memory))
    limit(resource.RLIMIT_CORE, 0)
    give_time(float(seconds))
    os.execvp(program[0], program)


if __name__ == "__main__":
    main()
