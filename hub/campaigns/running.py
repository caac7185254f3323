"""A campaign's life once it is approved: it starts at its hour, is paused, goes on, is called off, and ends."""

from __future__ import annotations

from datetime import timedelta

from hub.campaigns import announcing, calling_off, campaigns, caps, doubting, timing
from hub.campaigns.campaigns import Campaign
from hub.campaigns.states import State
from hub.deliveries import gates
from hub.deliveries.taking_back import give_hours, out_of_hours, take_back
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _

AHEAD = timedelta(minutes=10)
LATE = timedelta(hours=2)
WAS_AWAY = N_(
    "Its messages are more than two hours late: nothing was running. Go on when they may still leave."
)


async def pause(tx: Tx, campaign_id: int, agent_id: int) -> Campaign:
    """Nothing more is claimed from the commit on; what is in flight ends (figures.progress says how many).

    Raises Conflict, NotFound.
    """
    return await _moved(tx, campaign_id, agent_id, "paused")


async def resume(tx: Tx, campaign_id: int, agent_id: int, *, perhaps: int | None = None) -> Campaign:
    """Go on. What waited beyond its hours leaves when they next open, the rest at once.

    `perhaps`: after a restore, to how many it perhaps wrote since (doubting). Raises BadInput(perhaps), Conflict,
    NotFound.
    """
    campaign = await campaigns.lock(tx, campaign_id)
    if campaign.state == "paused":
        await doubting.must_be_settled(tx, campaign_id, perhaps=perhaps)
    await take_again(tx, gate_id=campaign.gate_id)
    if await _is_out_of_time(tx, campaign):
        await timing.begin(tx, campaign_id)
    return await campaigns.move(tx, campaign, "running", who="person", agent_id=agent_id)


async def unschedule(tx: Tx, campaign_id: int, agent_id: int) -> Campaign:
    """Back to the review; nothing has left yet. Raises Conflict, NotFound."""
    campaign = await _moved(tx, campaign_id, agent_id, "prepared")
    await tx.execute(
        """
        UPDATE campaign SET approved_by = NULL, approved_at = NULL, timed = true,
               starts_at = CASE WHEN timed THEN starts_at END  -- half counted: they are counted again
        WHERE id = $1
        """,
        campaign_id,
    )
    return await campaigns.load(tx, campaign.id)


async def cancel(tx: Tx, campaign_id: int, agent_id: int) -> Campaign:
    """End it: whoever has not got theirs gets nothing. Raises Conflict, NotFound."""
    campaign = await _moved(tx, campaign_id, agent_id, "canceled")
    await todo.add(tx, calling_off.TODO, campaign_id)  # the gate is closed: nothing leaves until it is done
    tx.wake("todo")
    return campaign


async def start_due(tx: Tx) -> list[int]:
    """Approved campaigns whose first message is due soon begin; any number of schedulers may ask, each starts once.

    What should have begun hours ago waits for a person. One that has nobody left begins too, and is finished then.
    """
    rows = await tx.fetch(
        """
        SELECT k.id, coalesce(first.due_at < now() - $2::interval, false) AS late
        FROM campaign k LEFT JOIN LATERAL (
            SELECT due_at FROM recipient r WHERE r.campaign_id = k.id AND r.state = 'ready'
            ORDER BY due_at LIMIT 1) AS first ON true
        WHERE k.state = 'scheduled' AND k.timed AND coalesce(first.due_at <= now() + $1::interval, true)
        ORDER BY k.id FOR NO KEY UPDATE OF k SKIP LOCKED
        """,
        AHEAD,
        LATE,
    )
    for row in rows:
        await _by_itself(tx, row["id"], "paused" if row["late"] else "running")
    return [row["id"] for row in rows]


async def finish_due(tx: Tx) -> list[int]:
    """Running campaigns of which nothing is left to leave are finished."""
    rows = await tx.fetch(
        """
        SELECT id FROM campaign k WHERE state = 'running' AND timed
          AND NOT EXISTS (SELECT FROM recipient r WHERE r.campaign_id = k.id AND r.state = 'ready')
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.gate_id = k.gate_id AND d.state IN ('held', 'queued'))
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.gate_id = k.gate_id AND d.state IN ('claimed', 'sending'))
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
        """
    )
    for row in rows:
        campaign = await campaigns.lock(tx, row["id"])
        await campaigns.move(tx, campaign, "finished", who="worker")
        await announcing.announce(tx, campaign, "campaign_finished")
    return [row["id"] for row in rows]


async def look_after(tx: Tx) -> list[int]:
    """Tell the gates that somebody works; campaigns nobody looked after for hours, with something overdue, are paused.

    Until that was asked nothing leaves behind them: whoever comes back first cannot send what is late.
    """
    silent = await gates.beat(tx)
    rows = await tx.fetch(
        """
        SELECT k.id, k.gate_id,
               EXISTS (SELECT FROM recipient r WHERE r.campaign_id = k.id AND r.state = 'ready'
                       AND r.due_at < now() - $2::interval)
               OR EXISTS (SELECT FROM delivery d WHERE d.gate_id = k.gate_id AND d.state IN ('held', 'queued')
                          AND d.due_at < now() - $2::interval) AS late
        FROM campaign k WHERE k.gate_id = ANY($1) AND k.state = 'running'
        ORDER BY k.id FOR NO KEY UPDATE SKIP LOCKED
        """,
        silent,
        LATE,
    )
    for row in rows:
        if row["late"]:
            await _by_itself(tx, row["id"], "paused")
        else:
            await gates.again(tx, row["gate_id"])
    return [row["id"] for row in rows if row["late"]]


async def take_again(tx: Tx, *, gate_id: int | None = None) -> int:
    """Whose hours ended before their message could leave gets it when they next open; how many.

    Whom something stopped meanwhile does not.
    """
    taken = await take_back(tx, gate_id=gate_id)
    await caps.give_back(tx, taken)
    return await tx.execute(
        """
        UPDATE recipient SET state = CASE reason WHEN '' THEN 'ready' ELSE 'stopped' END, made_at = NULL
        WHERE id = ANY($1) AND state = 'made'
        """,
        taken,
    )


async def try_when_open(tx: Tx) -> int:
    """What was refused for a while, and whose hours ended before the next try, is tried when they open; how many."""
    waiting = await out_of_hours(tx)
    rows = await tx.rows(
        timing.Due,
        """
        SELECT r.id, r.campaign_id, r.contact_id, r.time_zone AS zone, d.due_at
        FROM recipient r JOIN delivery d ON d.recipient_id = r.id WHERE r.id = ANY($1)
        """,
        list(waiting),
    )
    places = await timing.places(tx, rows)
    hours = {waiting[id_]: (one.due_at, one.leave_before) for id_, one in places.items()}
    await caps.give_back(tx, await give_hours(tx, hours))
    return len(places)


async def _is_out_of_time(tx: Tx, campaign: Campaign) -> bool:
    """Paused while its times were counted, or so long that all who are late would break its pace at once."""
    return bool(
        await tx.value(
            """
            SELECT NOT timed OR $2 AND EXISTS (SELECT FROM recipient r WHERE r.campaign_id = k.id AND r.state = 'ready'
                                               AND r.due_at < now() - interval '1 minute')
            FROM campaign k WHERE k.id = $1
            """,
            campaign.id,
            campaign.schedule.paced,
        )
    )


async def _moved(tx: Tx, campaign_id: int, agent_id: int, wanted: State) -> Campaign:
    campaign = await campaigns.lock(tx, campaign_id)
    return await campaigns.move(tx, campaign, wanted, who="person", agent_id=agent_id)


async def _by_itself(tx: Tx, campaign_id: int, wanted: State) -> None:
    """Started, or stopped because nothing was running; then whoever made and approved it is told."""
    campaign = await campaigns.lock(tx, campaign_id)
    if wanted != "paused":
        await campaigns.move(tx, campaign, wanted, who="worker")
        return
    await announcing.halted(tx, campaign, lambda: _(WAS_AWAY))
