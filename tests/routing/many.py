"""One process of several that balance one team and take part in ingesting: run by test_balance.py."""

from __future__ import annotations

import asyncio
import sys

from config import settings as configured
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.routing.balance import balance


async def main(team_id: int, contact_id: int, channel_id: int, number: int, count: int) -> None:
    hub = await Hub.open(configured.read(), most_connections=4)
    given = 0
    for each in range(count):
        async with hub.transaction() as tx:
            await arrive(tx, team_id, contact_id, channel_id, f"{number}-{each}")
        given += sum(await asyncio.gather(balance(hub, team_id), balance(hub, team_id)))
    print(given)
    await hub.close()


async def arrive(tx: Tx, team_id: int, contact_id: int, channel_id: int, token: str, **needs: object) -> int:
    """A conversation as the road in leaves it in a team's queue: under its contact's lock."""
    await tx.execute("SELECT FROM contact WHERE id = $1 FOR NO KEY UPDATE", contact_id)
    id_: int = await tx.value(
        """
        INSERT INTO conversation (token, subject, team_id, contact_id, channel_id, last_channel_id, reason,
                                  waiting_since)
        VALUES ($1, $1, $2, $3, $4, $4, $5, now()) RETURNING id
        """,
        token,
        team_id,
        contact_id,
        channel_id,
        {"code": "least_loaded", "team": "Support", "needs": needs},
    )
    return id_


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:])))
