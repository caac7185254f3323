"""Deliveries changed: whoever shows them is told, in the same transaction. Both roads and the timers call it."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns import outcomes as of_campaigns
from hub.conversations import outcomes as of_conversations
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def tell(tx: Tx, changed: Sequence[Changed], *, agent_id: int | None = None) -> None:
    """Conversations and campaigns, each of what is theirs; `agent_id` sent again, or None."""
    await of_conversations.tell(tx, changed, agent_id=agent_id)
    await of_campaigns.tell(tx, changed)
