"""One process of several that all receive mail from the same new people: run by test_processes.py."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from config import settings as configured
from hub.channels import connections
from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.mails import mail


async def main(number: int, people: int) -> None:
    hub = await Hub.open(configured.read(), most_connections=4)
    inbound = Inbound(hub)
    await inbound.start()
    async with hub.transaction() as tx:
        channel = (await connections.enabled(tx))[0]
    line = [
        inbound.receive(
            channel, Raw(body=mail(f"P{n} <p{n}@new.test>", f"Asunto {n}", message_id=f"<{n}.{k}@n.test>"))
        )
        for n in range(people)
        for k in (number, 99)  # 99 is the same mail in every process: only one may store it
    ]
    outcomes = await asyncio.gather(*line)
    print(msgspec.json.encode([outcome.state for outcome in outcomes]).decode())
    await inbound.close()
    await hub.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
