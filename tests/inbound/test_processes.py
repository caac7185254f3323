"""Four processes meet the same new senders at once: one contact each, nothing twice, nothing lost (INVARIANTS §1)."""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

PEOPLE = 60


async def test_four_processes_with_the_same_new_senders(hub, settings):
    environ = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "HUB_DATA": str(settings.data),
        "HUB_SECRET": settings.secret,
    }
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.inbound.many",
            str(n),
            str(PEOPLE),
            env=environ,
            stdout=asyncio.subprocess.PIPE,
        )
        for n in range(4)
    ]
    states = [
        state
        for process in running
        for state in msgspec.json.decode((await process.communicate())[0], type=list[str])
    ]
    assert states.count("stored") == PEOPLE * 5
    assert states.count("duplicate") == PEOPLE * 3
    new = "value LIKE 'p%@new.test'"
    assert await hub.pool.fetchval(f"SELECT count(DISTINCT contact_id) FROM address WHERE {new}") == PEOPLE
    orphans = (
        "SELECT count(*) FROM contact c WHERE NOT EXISTS (SELECT FROM address a WHERE a.contact_id = c.id)"
    )
    assert await hub.pool.fetchval(orphans) == 0
    assert await hub.pool.fetchval("SELECT count(*) FROM message") == PEOPLE * 5
    gaps = """
        SELECT count(*) FROM conversation v
        WHERE last_seq <> (SELECT count(*) FROM message m WHERE m.conversation_id = v.id)
    """
    assert await hub.pool.fetchval(gaps) == 0
