"""A campaign leaves, the whole way: claimed, written, sent to a mail server that throws it away, noted.

Beside it, in the same run: postfix's `smtp-source` with as many bytes (the limit of such a server), and what everybody
writes first, one arq job a recipient with `EmailMessage` and a connection each. BENCH=full sends 100,000.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

import aiosmtplib
import uvloop
from arq.connections import create_pool
from arq.worker import Worker, func

from bench.ground import ground
from bench.letter import TEXTS, _email_message, _person
from bench.load import processor
from config.settings import Settings
from hub.campaigns import campaigns, steps
from hub.campaigns.rendering import render
from hub.deliveries import gates
from hub.departure import Pace
from hub.plumbing.hub import Hub
from hub.plumbing.jobs import redis_settings
from tests import world as cast
from tests.fakes.smtp_sink import smtp_sink
from tests.process import WorkerProcess

FULL = os.environ.get("BENCH") == "full"
PEOPLE = 100_000 if FULL else int(os.environ.get("PEOPLE", 6_000))
JOBS = 300
ROUNDS = 1 if FULL else 3
CONNECTIONS = 40
BYTES = 8_600
SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")


def measure() -> dict[str, float]:
    """Messages a second and microseconds of processor a message by each way (medians), their ratios, and memory."""
    return uvloop.run(_measured())


async def _measured() -> dict[str, float]:
    found: dict[str, list[float]] = {}
    async with ground() as (hub, world, settings):
        with smtp_sink() as port:
            await _connect(hub, world, port)
            people = await _people(hub, PEOPLE)
            for _round in range(ROUNDS):
                for workers in (1, 2):
                    told = await _ours(hub, world, people, settings, workers)
                    for name, value in told.items():
                        found.setdefault(f"{workers} worker{'s' * (workers > 1)}: {name}", []).append(value)
                for name, value in _source(port).items():
                    found.setdefault(f"smtp-source: {name}", []).append(value)
                for name, value in (await _a_job_each(hub, port)).items():
                    found.setdefault(f"a job each: {name}", []).append(value)
    result = {name: median(values) for name, values in found.items()}
    one, two = result["1 worker: a second"], result["2 workers: a second"]
    return result | {
        "1 worker ÷ smtp-source (goal 0.4)": one / result["smtp-source: a second"],
        "1 worker ÷ a job each (goal 25)": one / result["a job each: a second"],
        "a job each ÷ 1 worker, processor": result["a job each: µs"] / result["1 worker: µs"],
        "2 workers ÷ 1 worker": two / one,
    }


async def _ours(
    hub: Hub, world: cast.World, people: list[tuple[int, int]], settings: Settings, count: int
) -> dict[str, float]:
    """A campaign whose deliveries are made and whose gate opens: from then on until the last is noted as sent."""
    gate = await _campaign(hub, world, people)
    workers = [WorkerProcess(settings, Pace()).start() for _ in range(count)]
    pids = [one.process.pid for one in workers if one.process]
    await _until(hub, "SELECT count(*) >= $2 FROM delivery WHERE gate_id = $1", gate, len(people))
    await hub.pool.execute("ANALYZE delivery, recipient, touch")
    python, postgres = processor(pids), processor(await _backends(hub))
    begun = time.perf_counter()
    async with hub.transaction() as tx:
        await gates.set_open(tx, gate, open_=True)
    await _until(hub, _NOTHING_LEFT, gate)
    seconds = time.perf_counter() - begun
    python, postgres = processor(pids) - python, processor(await _backends(hub)) - postgres
    memory = max(_memory(pid) for pid in pids)
    for worker in workers:
        worker.kill()
    sent = await hub.pool.fetchval(
        "SELECT count(*) FROM delivery WHERE gate_id = $1 AND state = 'sent'", gate
    )
    if sent < len(people):
        raise RuntimeError(f"of {len(people)} only {sent} were sent")
    return {
        "a second": len(people) / seconds,
        "µs": python / len(people) * 1e6,
        "PostgreSQL µs": postgres / len(people) * 1e6,
        "MB": memory / 1e6,
    }


async def _campaign(hub: Hub, world: cast.World, people: list[tuple[int, int]]) -> int:
    """Its gate, still closed."""
    async with hub.transaction() as tx:
        made = await campaigns.create(tx, "Bench", agent_id=world.mario)
        said = await steps.say(tx, made.id, _wanted(), agent_id=world.mario)
        values = [_values(number) for number in range(len(people))]
        # The link to stop it is each one's own, and its hash with it: here they are the same for all rounds.
        await tx.execute(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, variant, text_version, address_id, address,
                                   channel_id, sender_id, language, time_zone, variables, due_at)
            SELECT $1, one.contact, 'ready', 'a', $2, one.address, 'n' || one.n || '@customers.test', $3, $4, 'es',
                   'Europe/Madrid', one.variables, now()
            FROM unnest($5::bigint[], $6::bigint[], $7::jsonb[]) WITH ORDINALITY AS one (contact, address, variables, n)
            """,
            made.id,
            said.version,
            world.mail.id,
            world.ana,
            [contact for contact, _ in people],
            [address for _, address in people],
            values,
        )
        await _approve(hub, tx, made.id, said, values)
        await tx.execute(
            """
            UPDATE campaign SET state = 'running', track_links = false, starts_at = now(), schedule =
                '{"opens": "00:00:00", "closes": "23:59:59", "weekdays": [0,1,2,3,4,5,6], "skip_holidays": false}'
            WHERE id = $1
            """,
            made.id,
        )
        await tx.execute("TRUNCATE touch")  # nobody has had two this week
        await tx.execute("UPDATE quiet_hours SET starts = '00:00', ends = '00:00'")  # it may be night
    return made.gate_id


async def _approve(
    hub: Hub, tx: Any, campaign_id: int, said: steps.Text, values: list[dict[str, Any]]
) -> None:
    from hub.customers import preferences

    rows = await tx.fetch(
        "SELECT id, address_id FROM recipient WHERE campaign_id = $1 ORDER BY id", campaign_id
    )
    hashes = []
    for row, given in zip(rows, values, strict=True):
        stop = preferences.unsubscribe_url(hub.settings.base_url, hub.crypto, row["address_id"], row["id"])
        hashes.append(render(said, {**given, "unsubscribe.link": stop}).hash)
    await tx.execute(
        """
        UPDATE recipient SET hash = w.hash FROM unnest($1::bigint[], $2::bytea[]) AS w (id, hash)
        WHERE recipient.id = w.id
        """,
        [row["id"] for row in rows],
        hashes,
    )


def _wanted() -> steps.Wanted:
    return steps.Wanted(subject=TEXTS.subject, text=TEXTS.text, html=TEXTS.html)


def _values(number: int) -> dict[str, Any]:
    values, _ = _person(number)
    return {name: value for name, value in values.items() if name != "unsubscribe.link"}


async def _people(hub: Hub, count: int) -> list[tuple[int, int]]:
    rows = await hub.pool.fetch(
        """
        WITH people AS (
            INSERT INTO contact (id, root_id, name, language, search)
            SELECT id, id, 'María ' || n, 'es', 'n' || n FROM (
                SELECT n, nextval('contact_id_seq') AS id FROM generate_series(1, $1) AS n ORDER BY n) AS drawn
            RETURNING id, search
        ), addresses AS (
            INSERT INTO address (type, value, contact_id, name, verified, source, compared)
            SELECT 'email', search || '@customers.test', id, '', true, 'import', true FROM people
            RETURNING id, contact_id, value
        ), agreed AS (
            INSERT INTO consent (address_id, purpose, granted, source, proof)
            SELECT id, 'marketing', true, 'import', 'bench' FROM addresses
        )
        SELECT id, contact_id FROM addresses ORDER BY substring(value FROM '[0-9]+')::int
        """,
        count,
    )
    await hub.pool.execute("ANALYZE contact, address, consent")
    return [(row["contact_id"], row["id"]) for row in rows]


async def _connect(hub: Hub, world: cast.World, port: int) -> None:
    settings = {
        **{"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"},
        "bulk_connections": CONNECTIONS,
    }
    await hub.pool.execute("UPDATE channel SET settings = $2 WHERE id = $1", world.mail.id, settings)


def _source(port: int) -> dict[str, float]:
    """What postfix's own generator hands to the same server over four connections."""
    if SOURCE is None:
        raise RuntimeError("smtp-source (postfix) is not installed")
    count = max(PEOPLE, 20_000)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [SOURCE, "-s", "4", "-l", str(BYTES), "-m", str(count), "-f", "a@b.test", "-t", "c@d.test"]
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"a second": count / seconds, "µs": spent / count * 1e6}


async def _a_job_each(hub: Hub, port: int) -> dict[str, float]:
    """One arq job a recipient: its row, the text, `EmailMessage`, a connection, its row again."""

    async def send(ctx: dict[str, Any], recipient_id: int) -> None:
        row = await hub.pool.fetchrow("SELECT variables, address FROM recipient WHERE id = $1", recipient_id)
        message = _email_message(row["variables"] | {"unsubscribe.link": "https://d.test/u/x"}, _person(1)[1])
        await aiosmtplib.send(
            message,
            sender="a@b.test",
            recipients=[row["address"]],
            hostname="127.0.0.1",
            port=port,
            start_tls=False,
        )
        await hub.pool.execute("UPDATE delivery SET reason = 'sent' WHERE recipient_id = $1", recipient_id)

    ids = [row["id"] for row in await hub.pool.fetch("SELECT id FROM recipient LIMIT $1", JOBS)]
    where = redis_settings(hub.settings.redis_url)
    pool = await create_pool(where)
    name = f"bench:{time.time_ns()}"
    begun, before = time.perf_counter(), time.process_time()
    for id_ in ids:
        await pool.enqueue_job("send", id_, _queue_name=name)
    worker = Worker(
        functions=[func(send, name="send", keep_result=0)],  # type: ignore[arg-type]
        queue_name=name,
        redis_settings=where,
        burst=True,
        poll_delay=0.05,
        max_jobs=10,
        handle_signals=False,
    )
    await worker.async_run()
    seconds, spent = time.perf_counter() - begun, time.process_time() - before
    await worker.close()
    await pool.aclose()
    return {"a second": len(ids) / seconds, "µs": spent / len(ids) * 1e6}


# By its indices: who counts a hundred thousand rows ten times a second measures that.
_NOTHING_LEFT = """
    SELECT NOT EXISTS (SELECT FROM delivery WHERE gate_id = $1 AND state IN ('held', 'queued'))
       AND NOT EXISTS (SELECT FROM delivery WHERE gate_id = $1 AND state IN ('claimed', 'sending'))
"""


async def _until(hub: Hub, sql: str, *values: Any) -> None:
    deadline = time.monotonic() + 600
    while not await hub.pool.fetchval(sql, *values):
        if time.monotonic() > deadline:
            raise RuntimeError(f"it did not happen in ten minutes: {sql}")
        await asyncio.sleep(0.1)


def _memory(pid: int) -> int:
    """The most the process ever held, in bytes (proc(5): VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("VmHWM"))


async def _backends(hub: Hub) -> list[int]:
    rows = await hub.pool.fetch("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    return [row["pid"] for row in rows]
