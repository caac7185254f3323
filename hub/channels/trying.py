"""A line tried for real, and what each step showed kept: the one way for page, API and command line."""

from __future__ import annotations

import asyncio

import msgspec

from hub.channels import connections
from hub.channels.base import Tried
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_, _

SECONDS = 40.0
MOST, WINDOW_SECONDS = 20, 60
"""Trials of one person: each asks somebody else's server."""


async def bounded(hub: Hub, agent_id: int) -> None:
    """Count one trial. Raises TooMany."""
    await hub.limits.check(f"trial:{agent_id}", most=MOST, seconds=WINDOW_SECONDS)


async def set_hooks(hub: Hub, channel: Channel) -> list[Tried]:
    """Our addresses set at the provider, then all looked at again (`try_line`). Raises SendError."""
    await adapter(channel.kind).set_hooks(channel.line(hub.crypto), hub.settings.base_url.rstrip("/"))
    return await try_line(hub, channel.id)


async def try_line(hub: Hub, channel_id: int) -> list[Tried]:
    """What its adapter found, step by step. Raises NotFound, CannotDecrypt."""
    async with hub.transaction() as tx:
        channel = await connections.load(tx, channel_id)
    found = await _tried(hub, channel)
    async with hub.transaction() as tx:
        await _keep(tx, channel, found)
    return found


async def _tried(hub: Hub, channel: Channel) -> list[Tried]:
    """No transaction is open meanwhile (INVARIANTS §9)."""
    try:
        async with asyncio.timeout(SECONDS):
            line, speaking = channel.line(hub.crypto), adapter(channel.kind)
            found = await speaking.check(line)
            if any(one.trouble for one in found):
                return found
            return found + await speaking.hooks(line, hub.settings.base_url.rstrip("/"))
    except TimeoutError:
        return [Tried("out", _("reach the other side"), _(N_("the server did not answer in time")))]


async def _keep(tx: Tx, channel: Channel, found: list[Tried]) -> None:
    """The steps for the page, and for each way what is wrong with it: all of it, not only its last step."""
    await tx.execute("SELECT FROM channel WHERE id = $1 FOR NO KEY UPDATE", channel.id)
    await tx.execute(
        "UPDATE channel SET tried = $2, tried_at = now() WHERE id = $1",
        channel.id,
        [msgspec.to_builtins(one) for one in found],
    )
    for way in dict.fromkeys(one.way for one in found):
        wrong = [f"{one.step}: {one.trouble}" for one in found if one.way == way and one.trouble]
        await connections.note_health(tx, channel.id, way, " · ".join(wrong))
