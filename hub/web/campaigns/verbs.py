"""What a person may do with a campaign that is on its way: the room's own verbs under the names the pages use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.campaigns import campaigns, outcomes, recipients
from hub.campaigns.campaigns import Campaign
from hub.campaigns.states import State
from hub.deliveries import resending
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

Verb = Callable[..., Awaitable[object]]


def _moved(wanted: State) -> Verb:
    async def verb(tx: Tx, campaign_id: int, *, agent_id: int) -> Campaign:
        locked = await campaigns.lock(tx, campaign_id)
        return await campaigns.move(tx, locked, wanted, who="person", agent_id=agent_id)

    return verb


RUNNING: dict[str, Verb] = {
    "pause": _moved("paused"),
    "resume": _moved("running"),
    "unschedule": _moved("prepared"),
    "cancel": _moved("canceled"),
}


async def resend(tx: Tx, campaign_id: int, recipient_id: int, *, agent_id: int) -> None:
    """A person sends again what failed or was perhaps sent. Raises NotFound, Conflict."""
    one = await recipients.load(tx, campaign_id, recipient_id)
    if one.delivery_id is None:
        raise NotFound(_("There is no such delivery."))
    await outcomes.tell(tx, [await resending.resend(tx, one.delivery_id)])
