"""What a person may do with a campaign that is on its way, under the names the pages use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.campaigns import outcomes, recipients, running
from hub.campaigns.campaigns import Campaign
from hub.deliveries import resending
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

RUNNING: dict[str, Callable[[Tx, int, int], Awaitable[Campaign]]] = {
    "pause": running.pause,
    "resume": running.resume,
    "unschedule": running.unschedule,
    "cancel": running.cancel,
}


async def resend(tx: Tx, campaign_id: int, recipient_id: int) -> None:
    """A person sends again what failed or was perhaps sent. Raises NotFound, Conflict."""
    one = await recipients.load(tx, campaign_id, recipient_id)
    if one.delivery_id is None:
        raise NotFound(_("There is no such delivery."))
    await outcomes.tell(tx, [await resending.resend(tx, one.delivery_id)])
