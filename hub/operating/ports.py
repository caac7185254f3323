"""The ports we listen on: tried before anything starts, and named in words when somebody else has one."""

from __future__ import annotations

import os
import socket

from config.settings import Settings
from hub.plumbing.errors import HubError
from hub.plumbing.texts import _


def check(settings: Settings) -> None:
    """Raises HubError naming the setting whose port we cannot listen on."""
    for variable, port in (("HUB_PORT", settings.port), ("HUB_SMTP_PORT", settings.smtp_port)):
        if port and (problem := _tried(settings.host, port)):
            raise taken(variable, settings.host, port, problem)


def taken(variable: str, host: str, port: int, problem: OSError) -> HubError:
    """What an operator reads when `variable` names a port we cannot have."""
    return HubError(
        _(
            "%(variable)s=%(port)s: cannot listen on %(host)s:%(port)s (%(problem)s): "
            "stop what listens there, or set %(variable)s to a free port",
            variable=variable,
            host=host,
            port=port,
            problem=_plain(problem),
        )
    )


def _tried(host: str, port: int) -> OSError | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(found[0][4])
    except OSError as problem:
        return problem
    return None


def _plain(problem: OSError) -> str:
    """The system's own words; asyncio puts the address before them once more."""
    if isinstance(problem, socket.gaierror) or not problem.errno:
        return problem.strerror or str(problem)
    return os.strerror(problem.errno)
