"""Campaigns on lines that take each message by itself: the road out once more, with slots and claims of its own."""

from __future__ import annotations

from collections.abc import Mapping

from hub.campaigns import leaving
from hub.campaigns.composing import Composer
from hub.channels.connections import Channel
from hub.channels.errors import Rejected
from hub.channels.outgoing import Line, Outgoing
from hub.channels.registry import adapter
from hub.deliveries import gated
from hub.deliveries.claiming import Claimed
from hub.deliveries.states import Changed
from hub.departure import Departure, Pace
from hub.outbound import Outbound
from hub.plumbing.crypto import CannotDecrypt
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_
from hub.telling import tell


class OneByOne(Outbound):
    """Whatever waits behind gates; people's answers never wait behind it, for they have slots of their own."""

    def __init__(self, hub: Hub, pace: Pace | None = None) -> None:
        super().__init__(hub, pace)
        self.composer = Composer(hub.crypto, hub.settings.base_url)

    async def _claim(self, tx: Tx, free: Mapping[int, int]) -> list[Claimed]:
        lease = self.pace.send + self.pace.margin
        claimed, changed = await leaving.claim(tx, self.worker, free, lease_seconds=lease)
        await tell(tx, changed)
        return claimed

    async def _refuse(self, tx: Tx) -> list[Changed]:
        return []  # hub/bulk/road.py does, for all lines

    async def _due_now(self, tx: Tx, channel_id: int, most: int) -> int:
        return await gated.due_now(tx, channel_id, most)

    def _ours(self, channels: list[Channel]) -> list[Channel]:
        return [one for one in channels if self._is_ours(one)]

    def _is_ours(self, channel: Channel) -> bool:
        try:
            return adapter(channel.kind).bulk(channel.line(self.hub.crypto)) is None
        except CannotDecrypt:  # hub/bulk/road.py says so on the line; the other lines go on
            return False

    def _departure(self, claimed: Claimed, taken: float) -> Departure:
        return _Leaving(self, claimed, taken)


class _Leaving(Departure):
    def __init__(self, road: OneByOne, claimed: Claimed, taken: float) -> None:
        super().__init__(road.hub, road.flusher, road.pace, claimed, taken)
        self.composer = road.composer

    async def _composed(self, tx: Tx, line: Line) -> Outgoing:
        people = await self.composer.people(tx, line, [self.claimed])
        if (found := people.get(self.claimed.recipient_id or 0)) is None:
            raise Rejected(N_("it is no longer what was approved"), code="changed")
        return self.composer.outgoing(line, self.claimed, *found)
