"""The numbers of a campaign are exactly those of its rows, whatever was done to them and whatever never committed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime

from hub.campaigns import campaigns, figures, tallying
from hub.campaigns.figures import Hour, Progress
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.campaigns.preparing import customers
from tests.world import World

STATES = ["ready", "excluded", "dropped", "made", "stopped"]
REASONS = ["", "no_consent", "held_out", "reply"]
SENT = ["held", "queued", "claimed", "sending", "sent", "delivered", "read", "failed", "unknown", "canceled"]


async def counted(tx: Tx, campaign_id: int) -> Progress:
    """The same out of the rows themselves."""
    rows = await tx.fetch(
        """
        SELECT r.state, r.reason, r.step, d.state AS delivery, r.answered_at IS NOT NULL AS answered,
               r.answered_at IS NULL AND r.probable_at IS NOT NULL AS probable,
               coalesce(date_bin('10 seconds', d.sent_at, 'epoch') > now() - interval '1 minute', false) AS lately
        FROM recipient r LEFT JOIN delivery d ON d.recipient_id = r.id WHERE r.campaign_id = $1
        """,
        campaign_id,
    )

    def by(field: str, wanted: Callable[..., bool]) -> dict[str, int]:
        names = sorted(row[field] for row in rows if wanted(row))
        return {name: names.count(name) for name in names}

    return Progress(
        plan=by("state", lambda row: row["state"] != "made"),
        excluded=by("reason", lambda row: row["state"] == "excluded" and row["step"] == 1),
        stopped=by("reason", lambda row: row["state"] == "stopped"),
        deliveries=by("delivery", lambda row: row["delivery"] is not None),
        answered=sum(row["answered"] for row in rows),
        probable=sum(row["probable"] for row in rows),
        held_out=sum(
            row["reason"] == "held_out" and row["step"] == 1 and row["state"] in ("excluded", "stopped")
            for row in rows
        ),
        a_minute=sum(row["lately"] for row in rows),
    )


async def hours(tx: Tx, campaign_id: int) -> list[Hour]:
    rows = await tx.fetch(
        """
        SELECT d.sent_at AT TIME ZONE 'Asia/Kathmandu' AS sent, r.answered_at AT TIME ZONE 'Asia/Kathmandu' AS answered
        FROM recipient r LEFT JOIN delivery d ON d.recipient_id = r.id WHERE r.campaign_id = $1
        """,
        campaign_id,
    )
    found: dict[datetime, list[int]] = {}
    for row in rows:
        for place, at in enumerate((row["sent"], row["answered"])):
            if at is not None:
                found.setdefault(at.replace(minute=0, second=0, microsecond=0), [0, 0])[place] += 1
    return [Hour(at, *found[at]) for at in sorted(found)]


async def wander(tx: Tx, rng: random.Random, ids: list[int], channel_id: int) -> None:
    """One thing that may happen to some of a campaign's rows."""
    some = rng.sample(ids, rng.randint(1, len(ids)))
    ago = rng.choice(["1 second", "20 seconds", "40 minutes", "2 days"])
    match rng.randrange(7):
        case 0:
            await tx.execute(
                "UPDATE recipient SET state = $2, reason = $3 WHERE id = ANY($1)",
                some,
                rng.choice(STATES),
                rng.choice(REASONS),
            )
        case 1:
            await tx.execute(
                "UPDATE recipient SET answered_at = now() - $2::text::interval WHERE id = ANY($1)", some, ago
            )
        case 2:
            await tx.execute(
                "UPDATE recipient SET answered_at = NULL, probable_at = now() WHERE id = ANY($1)", some
            )
        case 3:
            await tx.execute(
                """
                INSERT INTO delivery (token, recipient_id, gate_id, channel_id, recipient, state, message_header)
                SELECT 't' || r.id, r.id, k.gate_id, $2, 'x@y.test', $3, 'h' FROM recipient r
                JOIN campaign k ON k.id = r.campaign_id WHERE r.id = ANY($1) ON CONFLICT DO NOTHING
                """,
                some,
                channel_id,
                rng.choice(SENT),
            )
        case 4:
            await tx.execute(
                """
                UPDATE delivery SET state = $2, sent_at = CASE WHEN $2 = 'queued' THEN NULL
                                                               ELSE now() - $3::text::interval END
                WHERE recipient_id = ANY($1)
                """,
                some,
                rng.choice(SENT),
                ago,
            )
        case 5:
            await tx.execute("DELETE FROM delivery WHERE recipient_id = ANY($1)", some[:3])
        case 6:
            await tx.execute("UPDATE recipient SET step = 3 - step WHERE id = ANY($1)", some[:5])


class _Died(Exception):
    """The process of this transaction is gone."""


async def test_the_numbers_are_those_of_the_rows_after_any_walk(hub: Hub, world: World) -> None:
    """Two campaigns, some steps never commit, sums are made in between and by two sweeps at once."""
    rng = random.Random(20261122)
    async with hub.transaction() as tx:
        people = await customers(tx, 30)
        ours = [(await campaigns.create(tx, name, agent_id=world.mario)).id for name in ("Uno", "Dos")]
        rows = {
            one: [
                row["id"]
                for row in await tx.fetch(
                    """
                    INSERT INTO recipient (campaign_id, step, contact_id, state)
                    SELECT $1, 1 + n % 2, id, 'ready' FROM unnest($2::bigint[]) WITH ORDINALITY AS w (id, n)
                    RETURNING id
                    """,
                    one,
                    people,
                )
            ]
            for one in ours
        }
    for turn in range(40):
        campaign_id = rng.choice(ours)
        try:
            async with hub.transaction() as tx:
                for _step in range(rng.randint(1, 3)):
                    await wander(tx, rng, rows[campaign_id], world.mail.id)
                if rng.random() < 0.2:
                    raise _Died
        except _Died:
            pass
        if turn % 4 == 0:
            await asyncio.gather(_settled(hub), _settled(hub))
        async with hub.transaction() as tx:
            for one in ours:
                assert await figures.progress(tx, one) == await counted(tx, one), turn
                assert await figures.by_hour(tx, one, "Asia/Kathmandu") == await hours(tx, one), turn
    await hub.pool.execute("DELETE FROM delivery")
    await hub.pool.execute("DELETE FROM recipient")
    await _settled(hub)
    left = await hub.pool.fetch(
        "SELECT campaign_id, what, at FROM campaign_tally GROUP BY 1, 2, 3 HAVING sum(n) <> 0"
    )
    assert left == [], "nothing is left of nobody"


async def _settled(hub: Hub) -> None:
    async with hub.transaction() as tx:
        await tallying.settle(tx)
