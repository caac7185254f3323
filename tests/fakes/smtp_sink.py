"""Postfix's smtp-sink as a fast, plain receiver: for rates and volumes, where a fault log is not needed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

from tests.fakes.ports import free_port

PROGRAM = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")


@contextlib.contextmanager
def smtp_sink(*, most_sessions: int = 256) -> Iterator[int]:
    """The port of a running smtp-sink that throws everything away. Raises RuntimeError without postfix."""
    if PROGRAM is None:
        raise RuntimeError("smtp-sink (postfix) is not installed")
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, *_as_nobody(), "-m", str(most_sessions), f"127.0.0.1:{port}", "256"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_open(port)
        yield port
    finally:
        process.terminate()
        process.wait(5)


def _as_nobody() -> list[str]:
    """smtp-sink refuses to run as root."""
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def _until_open(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("smtp-sink did not start")
