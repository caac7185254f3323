"""The demo company is believable and loaded by the real road in."""

from __future__ import annotations

import asyncpg
import pytest

from hub.campaigns import audience, campaigns, segments
from hub.customers import rolling_up, suppression
from hub.operating import demo
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate


@pytest.fixture
async def empty(servers, settings, tmp_path):
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute("CREATE DATABASE demo_test")
    await migrate(servers.database("demo_test"))
    hub = await Hub.open(
        type(settings)(
            data=tmp_path,
            database_url=servers.database("demo_test"),
            redis_url=settings.redis_url,
            secret=settings.secret,
            smtp_port=2525,
        )
    )
    yield hub
    await hub.close()
    await connection.execute("DROP DATABASE demo_test WITH (FORCE)")
    await connection.close()


async def test_the_demo_company_is_believable(empty):
    await demo.load(empty)
    pool = empty.pool
    assert await pool.fetchval("SELECT count(*) FROM conversation") >= 250
    assert await pool.fetchval("SELECT count(*) FROM conversation WHERE state = 'open'") >= 15
    assert await pool.fetchval("SELECT count(*) FROM conversation WHERE state = 'aside'") == 2
    assert await pool.fetchval("SELECT count(*) FROM saved_text WHERE shortcut = 'pedido'") == 1
    assert await pool.fetchval("SELECT count(*) FROM arrival WHERE outcome = 'unreadable'") == 0
    owned = """
        SELECT count(*) FROM conversation v JOIN account a ON a.id = v.account_id
        WHERE a.owner_id IS NOT NULL AND v.assignee_id NOT IN (a.owner_id, a.deputy_id)
    """
    assert await pool.fetchval(owned) == 0
    reachable = "SELECT count(*) FROM address WHERE type = 'email' AND value NOT LIKE '%.example'"
    assert await pool.fetchval(reachable) == 0
    assert await pool.fetchval("SELECT count(*) FROM delivery WHERE state IN ('held', 'queued')") == 0
    assert await pool.fetchval("SELECT max(created_at) <= now() FROM message")
    async with empty.transaction() as tx:
        await suppression.compare(tx, empty.crypto)  # as a worker does every few seconds
        await rolling_up.settle(tx)
        [campaign] = await campaigns.listed(tx)
        assert campaign.segment_id is not None
        reached = await audience.count(tx, (await segments.load(tx, campaign.segment_id)).definition)
        assert reached.permitted >= 15
        assert reached.excluded["no_consent"] + reached.excluded.get("opted_out", 0) >= 2
    shown = await pool.fetch(
        """
        SELECT DISTINCT n.kind FROM conversation v JOIN channel n ON n.id = v.last_channel_id WHERE v.state = 'open'
        """
    )
    assert {row["kind"] for row in shown} >= {"email", "sms", "whatsapp", "voice", "webchat", "fax", "desk"}
    marta = await pool.fetch(
        """
        SELECT DISTINCT n.kind FROM message m JOIN conversation v ON v.id = m.conversation_id
        JOIN channel n ON n.id = m.channel_id WHERE v.subject = 'Contrato de mantenimiento 2027'
        """
    )
    assert {row["kind"] for row in marta} >= {"email", "sms", "whatsapp", "voice", "desk", "fax"}, (
        "one matter"
    )
    heard = await pool.fetch(
        "SELECT m.text FROM message m JOIN attachment a ON a.message_id = m.id WHERE a.type = 'audio/wav'"
    )
    assert ["soy" in row["text"] for row in heard] == [True, True], "voicemails with what was said"
    lines = await demo.logins(empty)
    assert any("ana@iberluz.example" in line for line in lines)
    assert lines[-1] == (await demo.logins(empty))[-1], "the token is kept"
