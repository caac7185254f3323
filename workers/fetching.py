"""What has to be asked of providers: the files they keep for us, and what their webhooks may have lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from hub.channels import connections
from hub.channels.errors import SendError
from hub.channels.registry import ADAPTERS, adapter
from hub.conversations import awaited
from hub.intake import Inbound
from hub.plumbing import todo
from hub.plumbing.clock import now
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.todo import Todo

AT_ONCE = 8
PULL_EVERY = timedelta(days=1)
OVERLAP = timedelta(hours=6)
log = structlog.get_logger(__name__)


async def media(hub: Hub, rows: Sequence[Todo]) -> None:
    """Fetch files, some at once; one that fails does not hold its neighbours."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(row: Todo) -> None:
        async with gate:
            await awaited.fetch(hub, row.ref, row.attempts)

    ended = await asyncio.gather(*(one(row) for row in rows), return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error


async def pull(hub: Hub, rows: Sequence[Todo]) -> None:
    """Take in what a provider has and never told us; what it told before is a duplicate and changes nothing."""
    taking_in = Inbound(hub)
    await taking_in.start()
    try:
        for row in rows:
            await _pull(hub, taking_in, row.ref, datetime.fromisoformat(row.payload["since"]))
    finally:
        await taking_in.close()


async def _pull(hub: Hub, taking_in: Inbound, channel_id: int, since: datetime) -> None:
    async with hub.transaction() as tx:
        channel = await connections.load(tx, channel_id)
    try:
        found = await adapter(channel.kind).missed(channel.line(hub.crypto), since)
    except SendError as error:  # said where the operator looks, and asked again from the same moment on
        async with hub.transaction() as tx:
            await connections.note_health(tx, channel_id, "list", error.reason)
        raise Unavailable(error.reason) from error
    outcomes = [await taking_in.receive(channel, raw) for raw in found]
    made_up = sum(1 for outcome in outcomes if outcome.state == "stored")
    log.info("asked a provider for what was lost", channel=channel_id, seen=len(found), made_up=made_up)
    async with hub.transaction() as tx:
        await connections.note_health(tx, channel_id, "list")


async def ask_providers(hub: Hub) -> None:
    """Once a day for each channel whose provider keeps a list, with some hours of overlap."""
    kinds = [kind for kind in ADAPTERS if adapter(kind).does("missed")]
    async with hub.transaction() as tx:
        for channel_id, pulled_at in await connections.due_to_pull(tx, kinds, every=PULL_EVERY):
            since = (pulled_at or now() - PULL_EVERY) - OVERLAP
            if not await todo.waits(tx, "pull", channel_id):  # what waits since an earlier day asks for more
                await todo.add(tx, "pull", channel_id, {"since": since.isoformat()})


SLOW = {"media": media, "pull": pull}
