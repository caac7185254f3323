"""What the demo's customers sent, through the road in, as if each thing had come at its own moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from hub import inbound
from hub.channels.arrivals import Arrival, Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, message_of
from hub.channels.registry import adapter
from hub.intake import TABLES
from hub.plumbing.hub import Hub
from hub.plumbing.sequences import Sequences


class Came(NamedTuple):
    """One thing on one line at one moment; `facts` where they are not simply what the adapter reads in it."""

    channel: Channel
    raw: Raw
    at: datetime
    facts: list[AnyFact] | None = None


async def arrive(hub: Hub, came: Sequence[Came]) -> list[Outcome]:
    """One batch, in this order."""
    ids = Sequences(*TABLES)
    read = [_facts(hub, one) for one in came]
    files = {
        attached.sha256: await hub.files.put(attached.content)
        for facts in read
        for fact in facts
        if (said := message_of(fact)) is not None
        for attached in said.attachments
    }
    async with hub.transaction() as tx:
        await ids.fill(tx.connection, len(came) + 1)
        arrivals = [
            Arrival(
                id=ids.draw("arrival"),
                line=one.channel.line(hub.crypto),
                team_id=one.channel.team_id,
                raw=one.raw,
                facts=facts,
                received_at=one.at,
                cost=len(one.raw.body),
            )
            for one, facts in zip(came, read, strict=True)
        ]
        return await inbound.walk(tx, hub.crypto, ids, arrivals, files)


def _facts(hub: Hub, one: Came) -> list[AnyFact]:
    if one.facts is not None:
        return one.facts
    return adapter(one.channel.kind).parse(one.raw, one.channel.line(hub.crypto))
