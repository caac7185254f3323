"""Mails that arrive by the road in, and what became of them, for the promises about who is who."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from hub.channels.arrivals import Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.web.browsing import Browser, Web
from tests.world import World

Arrive = Callable[..., Awaitable[Outcome]]


@asynccontextmanager
async def arriving(hub: Hub, channel: Channel) -> AsyncIterator[Arrive]:
    """`await arrive(raw, mail_from="…")` stores one mail on this line; answers after the commit."""
    inbound = Inbound(hub)
    await inbound.start()

    async def arrive(raw: bytes, **envelope: str) -> Outcome:
        return await inbound.receive(channel, Raw(body=raw, envelope=envelope))

    try:
        yield arrive
    finally:
        await inbound.close()


async def message(hub: Hub, outcome: Outcome) -> asyncpg.Record:
    """The stored message of an outcome."""
    assert outcome.state == "stored", outcome
    row = await hub.pool.fetchrow("SELECT * FROM message WHERE id = $1", outcome.message_id)
    assert row is not None
    return row


async def conversation(hub: Hub, outcome: Outcome) -> asyncpg.Record:
    """The conversation an outcome belongs to."""
    assert outcome.state == "stored", outcome
    row = await hub.pool.fetchrow("SELECT * FROM conversation WHERE id = $1", outcome.conversation_id)
    assert row is not None
    return row


def believing(channel: Channel, authserv_id: str = "mx.dialogo.test") -> Channel:
    """The line as it is when its operator named the mail server whose Authentication-Results count."""
    return msgspec.structs.replace(channel, settings=channel.settings | {"authserv_id": authserv_id})


async def english(site: Web, world: World) -> Browser:
    """Ana's browser, with her pages in English."""
    await site.hub.pool.execute("UPDATE agent SET language = 'en' WHERE id = $1", world.ana)
    return await site.browser(world.ana)
