"""A person sends a failed or perhaps sent delivery again: a new attempt, the same Message-ID."""

from __future__ import annotations

from hub.customers.usability import mark_usable
from hub.deliveries.noting import lock
from hub.deliveries.states import Changed, may_become
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _


async def resend(tx: Tx, delivery_id: int) -> Changed:
    """Queue it again; who calls records history. Raises NotFound, Conflict when it is not failed or unknown.

    The attempt is raised here, so that a worker that still believes it has this delivery is fenced off. A
    person who sends again vouches for the address.
    """
    address_id = await tx.value("SELECT address_id FROM delivery WHERE id = $1", delivery_id)
    if address_id is not None:
        await mark_usable(tx, [address_id])
    row = (await lock(tx, [delivery_id])).get(delivery_id)
    if row is None:
        raise NotFound(_("There is no such delivery."))
    if not may_become(row.state, "queued", "person"):
        raise Conflict(_("This is not a failed or perhaps sent delivery any more."))
    await tx.execute(
        """
        UPDATE delivery SET state = 'queued', attempt = attempt + 1, tries = 0, due_at = now(),
               lease_until = NULL, permanent = false, ours = false, code = '', reason = ''
        WHERE id = $1
        """,
        delivery_id,
    )
    tx.wake("deliver")
    return Changed(
        id=row.id,
        message_id=row.message_id,
        channel_id=row.channel_id,
        recipient=row.recipient,
        recipient_id=row.recipient_id,
        before=row.state,
        state="queued",
    )
