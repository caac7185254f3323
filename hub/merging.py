"""Two contacts become one person, for the campaigns' workers too: what they hold for either is claimed anew."""

from __future__ import annotations

from hub.customers import merging
from hub.customers.merging import Merge
from hub.deliveries import gated
from hub.plumbing.db import Tx


async def merge(tx: Tx, contact_id: int, into_id: int, *, agent_id: int | None) -> Merge:
    """As customers/merging.merge; of two letters of one campaign that were claimed for them, one leaves.

    The claim asks what the other of the two got (campaigns/holds); claimed before, both would be two people's.
    Raises NotFound, and Conflict when they are one person already.
    """
    done = await merging.merge(tx, contact_id, into_id, agent_id=agent_id)
    await gated.let_go(tx, done.into_id)
    return done
