"""What campaigns did between a backup and its restore nobody knows: a person says so before they go on."""

from __future__ import annotations

from datetime import datetime

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import ngettext


async def begin(tx: Tx, taken_at: datetime) -> None:
    """Every campaign that could have begun or gone on between the backup and now is in doubt."""
    await tx.execute(
        """
        UPDATE campaign SET unknown_since = $1, unknown_until = now()
        WHERE state IN ('draft', 'preparing', 'prepared', 'scheduled', 'running', 'paused')
        """,
        taken_at,
    )


async def perhaps_written(tx: Tx, campaign_id: int) -> int:
    """How many messages that stand as not sent may have left since the backup, at most; 0 where nothing is in doubt.

    What was due before the restore; of a plan made after it everything, for another may have been made and sent.
    """
    number: int = await tx.value(
        """
        SELECT count(*) FROM campaign k JOIN recipient r ON r.campaign_id = k.id AND r.state = 'ready'
                                                         AND r.id > coalesce(k.empty_until, 0)
        WHERE k.id = $1 AND k.unknown_until IS NOT NULL
          AND (r.due_at <= k.unknown_until OR k.prepared_at > k.unknown_until)
        """,
        campaign_id,
    )
    return number


async def must_be_settled(tx: Tx, campaign_id: int, *, perhaps: int | None) -> None:
    """Before it begins or goes on: `perhaps` is the number of `perhaps_written`, given by who does it all the same.

    The campaign must be locked; the doubt ends here. Raises BadInput(perhaps) for another number or none.
    """
    number = await perhaps_written(tx, campaign_id)
    if number and perhaps != number:
        since = await tx.value("SELECT unknown_since FROM campaign WHERE id = $1", campaign_id)
        raise BadInput(
            ngettext(
                "This house was restored from a backup of %(when)s UTC. Up to %(n)s person perhaps got this since "
                "and would get it again: type that number to write to them all the same.",
                "This house was restored from a backup of %(when)s UTC. Up to %(n)s people perhaps got this since "
                "and would get it again: type that number to write to them all the same.",
                number,
                when=f"{since:%Y-%m-%d %H:%M}",
            ),
            field="perhaps",
        )
    await tx.execute(
        "UPDATE campaign SET unknown_since = NULL, unknown_until = NULL WHERE id = $1", campaign_id
    )
