"""What left the hub in the lab: kept as files under HUB_DATA/lab, newest first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hub.plumbing.clock import now
from hub.plumbing.ids import token

MOST_KEPT = 500


class Sent(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "from", "recipient": "to"}):
    """One thing that left. `raw` is the mail as it went over the wire, as text."""

    at: datetime
    kind: str
    sender: str
    recipient: str
    raw: str
    name: str = ""


class Outbox:
    """The folder of what left; any process of this machine may write and read it."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "lab" / "sent"

    async def keep(self, kind: str, sender: str, recipient: str, raw: bytes) -> None:
        """Keep one thing that left."""
        one = Sent(
            at=now(), kind=kind, sender=sender, recipient=recipient, raw=raw.decode("utf-8", "replace")
        )
        await asyncio.to_thread(self._write, one)

    async def newest(self, most: int = 50) -> list[Sent]:
        """What left last, newest first; each with the name it can be found by."""
        return await asyncio.to_thread(self._read, most)

    async def find(self, name: str) -> Sent | None:
        """One of them by its name."""
        return next((one for one in await self.newest(MOST_KEPT) if one.name == name), None)

    def _write(self, one: Sent) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{one.at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{token(6)}.json"
        path.with_suffix(".part").write_bytes(msgspec.json.encode(one))
        path.with_suffix(".part").rename(path)
        for old in sorted(self.folder.glob("*.json"))[:-MOST_KEPT]:
            old.unlink(missing_ok=True)

    def _read(self, most: int) -> list[Sent]:
        found = []
        for path in sorted(self.folder.glob("*.json"), reverse=True)[:most]:
            one = msgspec.json.decode(path.read_bytes(), type=Sent)
            found.append(msgspec.structs.replace(one, name=path.stem))
        return found
