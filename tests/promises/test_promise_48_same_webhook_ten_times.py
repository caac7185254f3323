"""Promises 48 and 51: the same webhook ten times at once is one message, and yesterday's replayed does nothing."""

from __future__ import annotations

import asyncio

from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, OURS, texting
from tests.world import World


async def test_promise_48_same_webhook_ten_times(hub: Hub, world: World) -> None:
    """Ten at once, then one more a day later: one row, one todo, the same answer each time."""
    async with texting(hub, world) as texts:
        text = texts.twilio.texts.wrote(MARTA, OURS, "Stop")
        fields = texts.twilio.texts.told_of(text)
        url = texts.twilio.hooks[OURS]
        told = await asyncio.gather(*(texts.twilio.tell(url, fields) for _ in range(10)))
        assert {one.status for one in told} == {200}
        assert {one.body for one in told} == {'<?xml version="1.0" encoding="UTF-8"?><Response/>'}
        await hub.pool.execute("UPDATE arrival SET received_at = received_at - interval '1 day'")
        before = await hub.pool.fetch("SELECT version, last_seq FROM conversation ORDER BY id")
        wishes = await hub.pool.fetchval("SELECT count(*) FROM consent")
        assert (await texts.twilio.tell(url, fields)).status == 200
        assert await hub.pool.fetch("SELECT version, last_seq FROM conversation ORDER BY id") == before
        assert len(await texts.messages()) == 1
        assert await hub.pool.fetchval("SELECT count(*) FROM consent") == wishes
        assert await hub.pool.fetchval("SELECT count(*) FROM arrival WHERE outcome = 'duplicate'") == 10
