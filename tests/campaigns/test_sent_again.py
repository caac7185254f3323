"""What leaves once more after its campaign stood still or ended: it waits for nobody who will never come."""

from __future__ import annotations

from hub.campaigns import outcomes, sequencing, unsettled
from hub.deliveries import gated, gates
from hub.deliveries.claiming import Claimed
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx
from tests.campaigns.planning import planned
from tests.world import World


async def test_what_a_person_sends_again_leaves_after_hours_without_a_worker_too(
    tx: Tx, world: World
) -> None:
    """Nobody could let it go on: its campaign has ended, and it is neither failed nor perhaps sent any more."""
    campaign_id, recipients = await planned(tx, world)
    await tx.execute("UPDATE campaign SET state = 'finished' WHERE id = $1", campaign_id)
    await tx.execute("UPDATE delivery SET state = 'unknown'")
    await unsettled.resend(tx, campaign_id, recipients[world.marta_address], world.mario)
    await tx.execute("UPDATE gate SET beat_at = now() - interval '3 hours' WHERE open")
    assert await gates.beat(tx) == []
    assert [one.recipient_id for one in await _claimed(tx, world)] == [recipients[world.marta_address]]


async def test_a_report_that_allows_one_more_try_is_heard_after_the_campaign_ended(
    tx: Tx, world: World
) -> None:
    campaign_id, recipients = await planned(tx, world)
    marta = await _tried_again(tx, recipients[world.marta_address])
    assert await tx.value("SELECT gate_id FROM delivery WHERE id = $1", marta) == await tx.value(
        "SELECT gate_id FROM campaign WHERE id = $1", campaign_id
    )
    await tx.execute("UPDATE campaign SET state = 'finished' WHERE id = $1", campaign_id)
    await tx.execute("UPDATE delivery SET leave_before = now() + interval '1 hour'")
    jorge = await _tried_again(tx, recipients[world.jorge_address])
    assert [one.id for one in await _claimed(tx, world)] == [jorge]
    assert await tx.value("SELECT leave_before > now() FROM delivery WHERE id = $1", jorge), "in its hours"
    await tx.execute(
        "UPDATE gate SET open = false WHERE single"
    )  # as gates.beat leaves it: that one had left
    await _tried_again(tx, recipients[world.jorge_address])
    assert [one.id for one in await _claimed(tx, world)] == [jorge]


async def test_who_is_paused_does_not_get_what_is_made_already(tx: Tx, world: World) -> None:
    """It waits behind a line that rests, or a campaign that stands still; what was tried ends by itself."""
    campaign_id, recipients = await planned(tx, world)
    await tx.execute("UPDATE campaign SET state = 'running' WHERE id = $1", campaign_id)
    await tx.execute("UPDATE delivery SET state = 'queued', sent_at = NULL")
    await tx.execute(
        "UPDATE delivery SET tries = 1, started_at = now() WHERE recipient_id = $1",
        recipients[world.jorge_address],
    )
    for contact_id, waits in ((world.marta, 1), (world.jorge, 0)):
        assert await sequencing.pause_person(tx, campaign_id, contact_id, world.ana) == waits
    assert await tx.value("SELECT array_agg(recipient_id) FROM delivery") == [recipients[world.jorge_address]]
    assert await sequencing.resume_person(tx, campaign_id, world.marta, world.ana) == 1
    states = await tx.fetch("SELECT state FROM recipient ORDER BY contact_id")
    assert [row["state"] for row in states] == ["ready", "made"]


async def _tried_again(tx: Tx, recipient_id: int) -> int:
    """As deliveries/reports leaves it: handed over, reported out of reach, to be tried once more."""
    row = await tx.record(
        "UPDATE delivery SET state = 'queued', tries = 1 WHERE recipient_id = $1 RETURNING id, channel_id, recipient",
        recipient_id,
    )
    assert row is not None
    changed = Changed(
        id=row["id"],
        message_id=None,
        channel_id=row["channel_id"],
        recipient=row["recipient"],
        recipient_id=recipient_id,
        before="sent",
        state="queued",
    )
    await outcomes.tell(tx, [changed])
    return int(row["id"])


async def _claimed(tx: Tx, world: World) -> list[Claimed]:
    return await gated.claim(tx, "w", {world.mail.id: 9}, lease_seconds=60)
