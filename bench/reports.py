"""What marketers read of a campaign that went to a million: report, live page, comparison, heat map, /unanswered.

Five campaigns of 200,000 went before it; three million purchases, a link followed by one in twenty, some failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median

from bench.ground import ground
from hub.campaigns import (
    campaigns,
    comparing,
    counting,
    counts,
    figures,
    heat,
    recipients,
    timing,
    tracking,
    undelivered,
    unsettled,
)
from hub.campaigns.campaigns import Campaign
from hub.conversations.unanswered import unanswered
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.world import World

PEOPLE, BEFORE, OTHERS, PURCHASES, ROUNDS = 1_000_000, 200_000, 5, 3_000_000, 5
LIMIT = 100.0
"""Milliseconds of each read."""
Read = Callable[[Tx, Campaign], Awaitable[object]]
READS: dict[str, Read] = {
    "progress": lambda tx, one: figures.progress(tx, one.id),
    "hours": lambda tx, one: figures.by_hour(tx, one.id, "Europe/Madrid"),
    "failures and not sent": lambda tx, one: _wrong(tx, one),
    "experiment": figures.arms,
    "zones": timing.spread,
    "heat map": heat.of,
    "comparison": comparing.beside,
    "links": tracking.followed,
    "opened": tracking.opened,
    "people": lambda tx, one: recipients.listed(tx, one.id, most=51),
    "people who answered": lambda tx, one: recipients.listed(tx, one.id, answered=True, most=51),
    "people who failed": lambda tx, one: recipients.listed(
        tx, one.id, states=["failed", "canceled"], most=51
    ),
    "people still to come": lambda tx, one: recipients.listed(
        tx, one.id, states=["frozen", "ready", "held", "queued", "claimed", "sending"], most=51
    ),
    "people left out": lambda tx, one: recipients.listed(
        tx, one.id, states=["excluded", "dropped", "stopped"], most=51
    ),
    "perhaps sent": lambda tx, one: recipients.listed(tx, one.id, states=["unknown"], most=50),
    "unsettled": lambda tx, one: unsettled.listed(tx, one.id),
    "unanswered, campaigns": lambda tx, _one: undelivered.waiting(tx),
    "unanswered, answers": lambda tx, _one: unanswered(tx, 1, mine=False, before=None, most=51),
}


def measure() -> dict[str, float]:
    """Milliseconds of each read (median), and the slowest against its limit."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    async with ground(connections=3) as (hub, world, _settings):
        campaign_id = await fill(hub, world)
        return await count(hub, campaign_id) | await read(hub, campaign_id)


async def count(hub: Hub, campaign_id: int) -> dict[str, float]:
    """What a worker counts of it, each once: milliseconds, no part of the limit; the pages read what it found."""
    found: dict[str, float] = {}
    for what, _begun, now in counting.COUNTS:
        async with hub.transaction() as tx:
            campaign = await campaigns.load(tx, campaign_id)
            began = time.perf_counter()
            await counts.keep(tx, campaign_id, what, await now(tx, campaign))
            found[f"ms of a worker: {what}"] = (time.perf_counter() - began) * 1000
    return found


async def read(hub: Hub, campaign_id: int) -> dict[str, float]:
    """Each read of this campaign, the first time left out."""
    found: dict[str, float] = {}
    for name, ask in READS.items():
        taken = []
        for _round in range(ROUNDS):
            async with hub.transaction() as tx:
                campaign = await campaigns.load(tx, campaign_id)
                began = time.perf_counter()
                await ask(tx, campaign)
                taken.append((time.perf_counter() - began) * 1000)
        found[f"ms: {name}"] = median(taken[1:])
    return found | {f"slowest ÷ limit of {LIMIT:.0f} ms": max(found.values()) / LIMIT}


async def _wrong(tx: Tx, campaign: Campaign) -> object:
    progress = await figures.progress(tx, campaign.id)
    return [await figures.failures(tx, campaign, progress), await figures.not_sent(tx, campaign, progress)]


async def fill(hub: Hub, world: World) -> int:
    """The campaign to be read."""
    async with hub.pool.acquire() as connection:
        await connection.execute(
            "SET session_replication_role = replica"
        )  # no keys or triggers while filling
        for statement in _PEOPLE:
            await connection.execute(statement, timeout=900)
        id_ = 0
        for number in range(OTHERS + 1):
            id_ = await _campaign(hub, world, f"Campaña {number}")
            people, days = (PEOPLE, 20) if number == OTHERS else (BEFORE, 30 + number)
            for statement in _CAMPAIGN:
                values = [id_, people, days, world.mail.id][: statement.count("$")]
                await connection.execute(statement, *values, timeout=900)
        for statement in (*_AFTER, *_TALLY):
            await connection.execute(statement, timeout=900)
        await connection.execute("RESET session_replication_role")
        await connection.execute("VACUUM ANALYZE", timeout=900)
    return id_


async def _campaign(hub: Hub, world: World, name: str) -> int:
    async with hub.transaction() as tx:
        return (await campaigns.create(tx, name, agent_id=world.mario)).id


_PEOPLE = (
    "INSERT INTO product (name, category) SELECT 'Producto ' || n, 'c' || n % 5 FROM generate_series(1, 50) n",
    f"""INSERT INTO contact (id, root_id, name, language, time_zone)
        SELECT n, n, 'Persona ' || n, 'es', (ARRAY['Europe/Madrid','America/Lima','','America/Bogota'])[1 + n % 4]
        FROM generate_series(1000, {PEOPLE} + 999) n""",
    f"""INSERT INTO address (id, type, value, contact_id, compared, verified)
        SELECT n, 'email', 'p' || n || '@people.test', n, true, true FROM generate_series(1000, {PEOPLE} + 999) n""",
    """INSERT INTO consent (address_id, purpose, granted, source, at)
       SELECT id, 'marketing', true, 'import', now() - interval '100 days' FROM address""",
    f"""INSERT INTO purchase (contact_id, product_id, amount, currency, bought_at)
        SELECT 1000 + (n * 7919::bigint) % {PEOPLE}, 1 + n % 50, 10 + n % 300, (ARRAY['EUR','EUR','USD'])[1 + n % 3],
               now() - (n * 31 % 1500) * interval '6 hours' FROM generate_series(1, {PURCHASES}) n""",
)
# $1 the campaign, $2 so many people, $3 days ago, $4 the line.
_CAMPAIGN = (
    """UPDATE campaign SET state = 'running', started_at = now() - make_interval(days => $3), total = $2,
              starts_at = now() - make_interval(days => $3), prepared_at = now() - make_interval(days => $3),
              channel_ids = ARRAY[$4::bigint] WHERE id = $1""",
    "INSERT INTO link (campaign_id, step, n, url) SELECT $1, 1, n, 'https://a.test/' || n FROM generate_series(1, 5) n",
    """INSERT INTO recipient (campaign_id, contact_id, state, reason, variant, text_version, address_id, address,
                              channel_id, language, time_zone, variables, hash, due_at, made_at, answered_at)
       SELECT $1, 999 + n, CASE WHEN n % 20 = 0 THEN 'excluded' WHEN n % 997 = 1 THEN 'ready' ELSE 'made' END,
              CASE WHEN n % 100 = 0 THEN 'held_out' WHEN n % 20 = 0 THEN 'no_consent' ELSE '' END,
              CASE WHEN n % 20 = 0 THEN '' WHEN n % 2 = 0 THEN 'a' ELSE 'b' END, 1,
              999 + n, 'p' || 999 + n || '@people.test', $4, 'es',
              (ARRAY['Europe/Madrid','America/Lima','','America/Bogota'])[1 + n % 4],
              jsonb_build_object('contact.name', 'Persona ' || n, 'contact.first_name', 'Persona',
                                 'account.name', repeat('Cuenta ', 20)), decode(md5(n::text), 'hex'),
              CASE WHEN n % 20 > 0 THEN now() - make_interval(days => $3) + n % 7200 * interval '1 second' END,
              CASE WHEN n % 20 > 0 THEN now() - make_interval(days => $3) END,
              CASE WHEN n % 20 > 0 AND n % 50 = 7
                   THEN now() - make_interval(days => $3) + n % 500000 * interval '1 second' END
       FROM generate_series(1, $2::int) n""",
    """INSERT INTO delivery (token, recipient_id, channel_id, address_id, recipient, purpose, state, message_header,
                             tries, permanent, code, reason, gate_id, sent_at, started_at, created_at)
       SELECT 'b' || r.id, r.id, r.channel_id, r.address_id, r.address, 'marketing',
              CASE WHEN r.id % 33 = 0 THEN 'failed' WHEN r.id % 1009 = 0 THEN 'unknown'
                   WHEN r.id % 3 = 0 THEN 'delivered' ELSE 'sent' END, '<' || r.id || '@bench.test>', 1, r.id % 2 = 0,
              CASE WHEN r.id % 33 = 0 THEN (ARRAY['550', '421', '552'])[1 + r.id % 3] ELSE '' END,
              CASE WHEN r.id % 33 = 0 THEN 'the server of ' || r.id % 40 || ' said no' ELSE '' END, k.gate_id,
              r.due_at, r.due_at, r.due_at
       FROM recipient r JOIN campaign k ON k.id = r.campaign_id WHERE r.campaign_id = $1 AND r.state = 'made'""",
    """INSERT INTO click (recipient_id, n, times, first_at, last_at)
       SELECT id, 1 + id % 5, 1 + id % 3, due_at + id % 300000 * interval '1 second', now()
       FROM recipient WHERE campaign_id = $1 AND state = 'made' AND id % 20 = 3""",
    """INSERT INTO opening (recipient_id) SELECT id FROM recipient
       WHERE campaign_id = $1 AND state = 'made' AND id % 10 = 3""",
)
_AFTER = (
    """INSERT INTO consent (address_id, purpose, granted, source, at)
       SELECT id, 'marketing', false, 'one_click', now() - id % 60 * interval '1 day' FROM address
       WHERE id % 300 = 5""",
)
# As the schema counted what was there before (0033).
_TALLY = (
    """INSERT INTO campaign_tally (campaign_id, what, step, state, reason, heard, n)
       SELECT campaign_id, 'plan', step, state, why_of(state, reason), heard_of(answered_at, probable_at), count(*)
       FROM recipient GROUP BY 1, 3, 4, 5, 6""",
    """INSERT INTO campaign_tally (campaign_id, what, at, n)
       SELECT campaign_id, 'answered', date_bin('15 minutes', answered_at, 'epoch'), count(*)
       FROM recipient WHERE answered_at IS NOT NULL GROUP BY 1, 3""",
    """INSERT INTO campaign_tally (campaign_id, what, state, n)
       SELECT r.campaign_id, 'delivery', d.state, count(*)
       FROM delivery d JOIN recipient r ON r.id = d.recipient_id GROUP BY 1, 3""",
    """INSERT INTO campaign_tally (campaign_id, what, at, n)
       SELECT r.campaign_id, 'left', date_bin('15 minutes', d.sent_at, 'epoch'), count(*)
       FROM delivery d JOIN recipient r ON r.id = d.recipient_id WHERE d.sent_at IS NOT NULL GROUP BY 1, 3""",
)
