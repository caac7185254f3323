"""A hub that acknowledges every new matter by a rule, and what it sent by itself."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from hub.plumbing.hub import Hub
from hub.routing.actions import Then
from hub.routing.publishing import publish
from hub.routing.rules import BUILT_IN, Rule
from tests.deliveries.road import connect, running, until_all
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World
from workers.todo import Chores

WORDING = "Gracias, le contestamos hoy."


async def acknowledging(hub: Hub) -> None:
    """From now on each new matter is acknowledged."""
    rule = Rule(name="Acuse", then=Then(auto_reply=WORDING))
    async with hub.transaction() as tx:
        await publish(tx, (rule, *BUILT_IN))


async def acknowledged(hub: Hub) -> int:
    """Do everything that waits, as a worker does; how many automatic answers there are by now."""
    chores = Chores(hub)
    while await chores.turn():
        pass
    assert not await hub.pool.fetchval("SELECT count(*) FROM todo WHERE error <> ''")
    count: int = await hub.pool.fetchval("SELECT count(*) FROM delivery WHERE automatic")
    return count


async def letters(hub: Hub, world: World) -> list[EmailMessage]:
    """Let everything that waits leave over real SMTP; the mails as their recipients get them."""
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with running(hub):
            await until_all(hub, "sent")
        return [message_from_bytes(one.raw, policy=policy.default) for one in server.bodies]
