"""The audience becomes the plan: one row a person and step, written in one statement; who is where in an experiment."""

from __future__ import annotations

import msgspec

from hub.campaigns import audience, outcomes, tallying
from hub.campaigns.campaigns import Campaign, lock
from hub.campaigns.conditions import Definition
from hub.plumbing import todo
from hub.plumbing.db import Tx

TODO = "campaign_freeze"
PREPARE = "campaign_prepare"
AT_ONCE = 5_000
"""Recipients in one todo row of the preparation."""
SECONDS = 55


async def freeze(tx: Tx, campaign_id: int) -> int:
    """Write the plan of a campaign that is being prepared, with the work on it; how many people. Once.

    Of an experiment each person's group follows from campaign and person alone. Raises Unavailable for an audience that
    takes too long, BadInput for one that cannot be asked any more.
    """
    campaign = await lock(tx, campaign_id)
    if campaign.state != "preparing" or await tx.value(
        "SELECT EXISTS (SELECT FROM recipient WHERE campaign_id = $1)", campaign_id
    ):
        return 0
    definition = await tx.value("SELECT definition FROM campaign WHERE id = $1", campaign_id)
    people = await audience.freeze(tx, msgspec.convert(definition, Definition))
    if people:
        await _write(tx, campaign)
        await tallying.frozen(tx, campaign_id, people)
        await _share_out(tx, campaign_id)
    await outcomes.soon(tx, [campaign_id])
    return people


async def _write(tx: Tx, campaign: Campaign) -> None:
    """Ids rise by person, then step: who counts due times meets a step right behind the one before it."""
    await tx.execute("SELECT set_config('statement_timeout', $1, true)", f"{SECONDS}s")
    await tx.execute(
        """
        INSERT INTO recipient (campaign_id, step, contact_id, variant)
        SELECT $1, s.step, p.contact_id,
               CASE WHEN p.place < $2 THEN '' WHEN p.place < $2 + $3 THEN 'b' ELSE 'a' END
        FROM (SELECT contact_id, (hashint8extended(contact_id, $1) & 2147483647) % 100 AS place
              FROM frozen_audience) AS p
        CROSS JOIN campaign_step s WHERE s.campaign_id = $1
        ORDER BY p.contact_id, s.step
        """,
        campaign.id,
        campaign.experiment.hold_out,
        campaign.experiment.b,
    )
    await tx.execute(
        """
        UPDATE campaign SET total = (SELECT count(*) FROM frozen_audience), changed_at = now(),
               language = coalesce((SELECT mode() WITHIN GROUP (ORDER BY language) FROM (
                   SELECT c.language FROM frozen_audience f JOIN contact c ON c.id = f.contact_id
                   WHERE c.language <> '' LIMIT 10000) AS first_ones), '')
        WHERE id = $1
        """,
        campaign.id,
    )


async def _share_out(tx: Tx, campaign_id: int) -> None:
    """Rows for any number of workers, each of so many ids: who dies leaves only its own for another."""
    await tx.execute(
        """
        INSERT INTO todo (kind, ref, payload)
        SELECT $2, $1, jsonb_build_object('after', first - 1, 'until', least(first + $3 - 1, last))
        FROM (SELECT min(id) AS low, max(id) AS last FROM recipient WHERE campaign_id = $1) AS ids,
             generate_series(low, last, $3) AS first
        """,
        campaign_id,
        PREPARE,
        AT_ONCE,
    )
    tx.wake("todo")


async def asked(tx: Tx, campaign_id: int, *, in_seconds: float = 0.0) -> None:
    """Freeze it soon, in a worker."""
    await todo.add(tx, TODO, campaign_id, in_seconds=in_seconds)
    tx.wake("todo")
