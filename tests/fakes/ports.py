"""Ports for servers that are told where to listen: below those the kernel hands out, so that they stay free."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port(*beside: int) -> int:
    """A loopback port nobody listens on, nor on those so many above it; it is free again once its server stopped."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for one in (0, *beside):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port + one))
            return port
