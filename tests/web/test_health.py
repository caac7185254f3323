"""Alive, ready, and the numbers: what an operator's tools ask for."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from hub.agents import tokens
from hub.channels import connections
from hub.plumbing import pausing
from hub.web.routes import TABLE
from tests.deliveries.road import answers
from tests.web.browsing import Web
from tests.world import World


async def test_alive_needs_nothing_but_this_process(site: Web, world: World) -> None:
    assert await (await (await site.browser()).get("/healthz")).json() == {"alive": True}


async def test_ready_when_database_redis_and_a_worker_answer(site: Web, world: World) -> None:
    browser = await site.browser()
    answer = await browser.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["workers"] == "none"
    await site.hub.redis.set(f"{site.hub.jobs.queue}:health-check", "alive", ex=60)
    answer = await browser.get("/readyz")
    assert answer.status == 200
    said = await answer.json()
    assert said == {
        "ready": True,
        "database": "ok",
        "redis": "ok",
        "workers": "ok",
        "channels": {"unknown": 1},
        "lines": [
            {
                "id": world.mail.id,
                "kind": "email",
                "name": "Support mail",
                "health": "unknown",
                "troubles": {},
            }
        ],
        "sending": "ok",
    }
    stranger = await (await browser.get("/readyz", headers={"X-Forwarded-For": "192.0.2.1"})).json()
    assert "lines" not in stranger, "which lines fail is for this machine and for administrators"
    async with site.hub.transaction() as tx:
        await pausing.pause(tx)
    answer = await browser.get("/readyz")
    assert (answer.status, (await answer.json())["sending"]) == (200, "paused")


async def test_without_redis_pages_work_and_readiness_says_so(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    site.hub.redis = site.hub.signals.redis = site.hub.limits.redis = Redis(unix_socket_path="/nowhere")
    said = await (await ana.get("/readyz")).json()
    assert (said["database"], said["redis"], said["ready"]) == ("ok", "away", False)
    text = await ana.text("/me")
    assert 'data-cursor=""' in text


async def test_without_the_database_every_page_says_so_in_words(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    await site.hub.pool.close()
    for path, accept in (("/me", "text/html"), ("/inbox/mine", "text/html"), ("/me", "application/json")):
        answer = await ana.get(path, headers={"Accept": accept, "Accept-Language": "es"})
        assert answer.status == 503, path
        text = await answer.text()
        assert "base de datos" in text
        assert "asyncpg" not in text
    assert (await ana.get("/healthz")).status == 200
    assert (await (await ana.get("/readyz")).json())["database"] == "away"


async def test_metrics_are_for_this_machine_and_admins(site: Web, world: World) -> None:
    browser = await site.browser()
    text = await (await browser.get("/metrics")).text()
    for name in (
        "hub_requests_total",
        "hub_request_seconds",
        "hub_live_sockets",
        "process_cpu",
        "hub_todo_due",
    ):
        assert name in text, name
    async with site.hub.transaction() as tx:
        anas, bertas = [await tokens.create(tx, who, "metrics") for who in (world.ana, world.berta)]
    for secret, status in ((anas, 403), (bertas, 200), ("hub_" + "x" * 43, 403)):
        headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "203.0.113.1"}
        assert (await browser.get("/metrics", headers=headers)).status == status


async def test_metrics_count_what_waits_and_what_came(site: Web, world: World) -> None:
    await site.hub.pool.execute(
        """
        INSERT INTO arrival (channel_id, outcome, size, received_at)
        SELECT $1, outcome, 1, at FROM (VALUES ('stored', now()), ('unreadable', now()),
            ('unreadable', now() - interval '1 hour')) AS given (outcome, at)
        """,
        world.mail.id,
    )
    one, _other = await answers(site.hub, world, 2)
    await site.hub.pool.execute(
        "UPDATE delivery SET state = 'queued', due_at = now() - interval '90 s' WHERE id = $1", one
    )
    browser = await site.browser()
    text = await (await browser.get("/metrics")).text()
    for line in (
        'hub_deliveries{state="queued"} 1.0',
        'hub_deliveries{state="held"} 1.0',
        'hub_deliveries{state="failed"} 0.0',
        'hub_arrivals_recent{outcome="stored"} 1.0',
        'hub_arrivals_recent{outcome="unreadable"} 1.0',
        "hub_quarantined 2.0",
    ):
        assert line in text, line
    [overdue] = [line for line in text.splitlines() if line.startswith("hub_delivery_overdue_seconds ")]
    assert 90 <= float(overdue.split()[1]) < 120
    await site.hub.pool.execute("UPDATE delivery SET state = 'failed'")
    assert 'hub_deliveries{state="failed"} 0.0' in await (await browser.get("/metrics")).text(), (
        "just counted"
    )


async def test_numbers_name_routes_never_addresses(site: Web, world: World) -> None:
    browser = await site.browser()
    await browser.get("/invitation/averysecretinvitation")
    await browser.get("/nowhere/averysecretplace")
    text = await (await browser.get("/metrics")).text()
    assert "averysecret" not in text
    assert 'route="/invitation/{token}"' in text
    assert len(TABLE) < 500


async def test_a_redis_that_hangs_holds_up_nobody(site: Web, world: World) -> None:
    """It takes connections and never answers: pages and logins still come, a second later at most."""
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    ana = await site.browser(world.ana)
    hung = Redis(host="127.0.0.1", port=port, socket_timeout=100)
    site.hub.redis = site.hub.signals.redis = site.hub.limits.redis = hung
    async with asyncio.timeout(60):
        assert (await ana.get("/me")).status == 200
        assert (await ana.get("/inbox/mine")).status == 200
        form = {"email": "ana@dialogo.test", "password": "something wrong"}
        assert (await (await site.browser()).post("/login", form)).status == 401
    silent.close()


async def test_the_numbers_say_of_each_line_whether_each_way_works(site: Web, world: World) -> None:
    async with site.hub.transaction() as tx:
        await connections.note_health(tx, world.mail.id, "out", "login refused")
    text = await (await site.browser()).text("/metrics")
    assert f'hub_channel_ok{{channel="{world.mail.id}",kind="email",way="in"}} 1.0' in text
    assert f'hub_channel_ok{{channel="{world.mail.id}",kind="email",way="out"}} 0.0' in text
