"""A hub whose whole HUB_DATA is a small disk that fills up; run by promise 25 in a mount namespace of its own."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from config.settings import Settings
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.intake import Inbound
from hub.plumbing import embedded
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from tests import world
from tests.mails import mail
from tests.promises.attached_mail import attached_mail
from tests.promises.test_promise_24_postgres_restarts import opened

DISK = "300m"
BEFORE, DURING = 6, 60
CONTENT = 40_000
"""Bytes of each mail's weight; below 64 KB the raw mail lies in PostgreSQL."""


async def main(disk: Path) -> dict[str, int]:
    """Mails before, while the disk is full, and after; what was acknowledged and what is there."""
    async with embedded.lent(Settings(data=disk, secret=world.SECRET)) as settings:
        hub = await opened(settings)
        inbound = Inbound(hub)
        await inbound.start()
        async with hub.transaction() as tx:
            channel = (await connections.enabled(tx))[0]
        taken = {n for n in range(BEFORE) if await offered(inbound, channel, n)}
        ballast = disk / "ballast"
        fill(ballast)
        during = range(BEFORE, BEFORE + DURING)
        acknowledged = {n for n in during if await offered(inbound, channel, n)}
        ballast.unlink()
        deadline = time.monotonic() + 60
        for number in set(during) - acknowledged:
            while not await offered(inbound, channel, number):
                assert time.monotonic() < deadline, "it did not heal"
                await asyncio.sleep(0.1)
        result = {"before": len(taken), "refused": DURING - len(acknowledged), **await counted(hub)}
        await inbound.close()
        await hub.close()
    return result


async def offered(inbound: Inbound, channel: Channel, number: int) -> bool:
    """Whether the mail was taken; False means the sender keeps it."""
    try:
        outcome = await inbound.receive(channel, Raw(body=heavy_mail(number)))
    except Unavailable:
        return False
    assert outcome.state in ("stored", "duplicate"), outcome
    return True


def heavy_mail(number: int) -> bytes:
    """Even ones weigh on the folder of files, odd ones on PostgreSQL alone."""
    if number % 2 == 0:
        return attached_mail(number, bytes([number]) * CONTENT)
    words = random.Random(number).randbytes(CONTENT // 2).hex()
    return mail(f"P{number} <p{number}@new.test>", f"Asunto {number}", words, message_id=f"<{number}@n.test>")


async def counted(hub: Hub) -> dict[str, int]:
    """Messages, distinct ones, and attachments whose bytes are there."""
    rows = await hub.pool.fetch("SELECT file, size FROM attachment")
    whole = [row for row in rows if len(await hub.files.get(row["file"])) == CONTENT]
    return {
        "messages": await hub.pool.fetchval("SELECT count(*) FROM message"),
        "subjects": await hub.pool.fetchval("SELECT count(DISTINCT subject) FROM message"),
        "files": len(whole),
    }


def fill(ballast: Path) -> None:
    """Write until not one page is left."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1_000_000, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


if __name__ == "__main__":
    mounted = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(mounted)], check=True)
    (mounted / "data").mkdir()
    print(json.dumps(asyncio.run(main(mounted / "data"))))
