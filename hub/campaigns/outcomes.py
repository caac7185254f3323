"""What became of a campaign's deliveries is told: to its pages once a second, to people when too many fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from hub.campaigns import announcing, campaigns, caps
from hub.conversations import fallback
from hub.deliveries import gates
from hub.deliveries.reports import DEAD
from hub.deliveries.states import LEFT, Changed
from hub.deliveries.wording import words
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.texts import _

SECONDS = 1.0
LAST = 100
FEWEST = 20
"""Of fewer tries nothing is concluded."""
BAD = ("failed", "unknown")


async def show(tx: Tx, campaign_id: int) -> None:
    """The pages that show it draw it again."""
    tx.signal("campaign", campaign_id, campaigns.topics(campaign_id))


async def tell(tx: Tx, changed: Sequence[Changed]) -> None:
    """Rows for what must follow: pages, a look at the errors, later steps that a bounce ends."""
    ours = {one.recipient_id: one for one in changed if one.recipient_id is not None}
    if not ours:
        return
    rows = await tx.fetch("SELECT id, campaign_id FROM recipient WHERE id = ANY($1)", sorted(ours))
    await soon(tx, {row["campaign_id"] for row in rows})
    for campaign_id in sorted({row["campaign_id"] for row in rows if ours[row["id"]].state in BAD}):
        if not await todo.waits(tx, "campaign_trouble", campaign_id):
            await todo.add(tx, "campaign_trouble", campaign_id)
            tx.wake("todo")
    await caps.give_back(tx, [id_ for id_, one in ours.items() if one.state in ("failed", "canceled")])
    await _go_on_alone(tx, [one.id for one in ours.values() if one.state == "queued" and one.before in LEFT])
    for id_, one in sorted(ours.items()):
        if one.state == "failed" and (
            one.before in LEFT or one.dead or one.opted_out or one.code.startswith("5")
        ):
            told = {"dead": _is_dead(one), "only_here": one.only_here, "opted_out": one.opted_out}
            payload = {"recipient_id": id_, "reason": one.reason, **told}
            await todo.add(tx, "campaign_bounced", one.id, payload)
            tx.wake("todo")


async def soon(tx: Tx, campaign_ids: Iterable[int]) -> None:
    """A signal for each in a second, however many ask until then: its numbers are sums, of a million people too."""
    for campaign_id in sorted(set(campaign_ids)):
        if not await todo.waits(tx, "campaign_progress", campaign_id):
            await todo.add(tx, "campaign_progress", campaign_id, in_seconds=SECONDS)


async def soon_behind(tx: Tx, gate_ids: Iterable[int]) -> None:
    """The same, of the campaigns behind these gates."""
    if ids := sorted(gate_ids):
        rows = await tx.fetch("SELECT id FROM campaign WHERE gate_id = ANY($1)", ids)
        await soon(tx, [row["id"] for row in rows])


async def stop_if_failing(tx: Tx, campaign_id: int) -> bool:
    """Pause a running campaign of whose last tries too many failed, and tell who made and who approved it.

    Counted are tries since it last began to run: who resumes it has seen the others. A worker of ours that died
    while sending says nothing about the campaign.
    """
    campaign = await campaigns.lock(tx, campaign_id)
    if campaign.state != "running":
        return False
    row = await tx.record(
        """
        SELECT count(*) AS tried, count(*) FILTER (WHERE bad) AS bad,
               (SELECT failing_share FROM campaign_policy) AS share,
               (array_agg(code ORDER BY id DESC) FILTER (WHERE bad))[1] AS code,
               (array_agg(reason ORDER BY id DESC) FILTER (WHERE bad))[1] AS reason
        FROM (SELECT id, state = ANY($3) AS bad, code, reason FROM delivery
              WHERE gate_id = $1 AND tries > 0 AND started_at > $2 AND code <> 'lease_over'
              ORDER BY id DESC LIMIT $4) AS lately
        """,
        campaign.gate_id,
        campaign.changed_at,
        list(BAD),
        LAST,
    )
    assert row is not None
    if row["tried"] < FEWEST or row["bad"] * 100 <= row["share"] * row["tried"]:
        return False
    await announcing.halted(tx, campaign, lambda: _worded(row))
    return True


def _worded(lately: asyncpg.Record) -> str:
    return _(
        "%(bad)s of the last %(tried)s messages failed: %(reason)s",
        bad=lately["bad"],
        tried=lately["tried"],
        reason=words(lately["code"], lately["reason"]),
    )


async def bounced(tx: Tx, delivery_id: int, recipient_id: int, **told: Any) -> None:
    """What a refusal says of the address is kept there, and the steps that would have followed do not."""
    if told["dead"] or told["opted_out"]:
        await fallback.learn(tx, delivery_id, **told)
    await tx.execute(
        """
        UPDATE recipient
        SET state = CASE recipient.state WHEN 'made' THEN 'made' ELSE 'stopped' END, reason = 'bounce'
        FROM (SELECT later.id FROM recipient r JOIN campaign c ON c.id = r.campaign_id AND 'bounce' = ANY(c.stops)
              JOIN recipient later ON (later.contact_id, later.campaign_id) = (r.contact_id, r.campaign_id)
                                  AND later.step > r.step AND later.state IN ('frozen', 'ready', 'made')
              WHERE r.id = $1 ORDER BY later.id FOR NO KEY UPDATE OF later) AS held
        WHERE recipient.id = held.id
        """,
        recipient_id,
    )


async def _go_on_alone(tx: Tx, delivery_ids: Sequence[int]) -> None:
    """What is to be tried again after its campaign was finished would wait for ever: its gate is closed.

    So may be the gate of one that a person sent again. A campaign that finishes this moment is waited for.
    """
    if not delivery_ids:
        return
    await tx.execute(
        """
        SELECT FROM campaign WHERE gate_id IN (SELECT gate_id FROM delivery WHERE id = ANY($1))
        ORDER BY id FOR SHARE
        """,
        list(delivery_ids),
    )
    rows = await tx.fetch(
        """
        SELECT d.id FROM delivery d JOIN gate g ON g.id = d.gate_id LEFT JOIN campaign k ON k.gate_id = g.id
        WHERE d.id = ANY($1) AND (g.single OR k.state = 'finished') ORDER BY d.id
        """,
        list(delivery_ids),
    )
    for row in rows:
        await gates.apart(tx, row["id"], any_hour=False)


def _is_dead(one: Changed) -> bool:
    """Whether the refusal says that the address itself will never work."""
    return one.dead or (one.code.startswith("5") and DEAD.search(one.reason) is not None)
