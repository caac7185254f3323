"""What time brings: abandoned sends, snoozes that end; one broken timer does not stop the others."""

from __future__ import annotations

import asyncio
import contextlib
from typing import NoReturn

import pytest

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, answers, matter, states
from tests.world import World
from workers import timers


async def test_what_a_dead_worker_held_is_settled(hub: Hub, world: World) -> None:
    claimed, sending, alive = await answers(hub, world, 3)
    for id_, state, lease in ((claimed, "claimed", -1), (sending, "sending", -1), (alive, "sending", 60)):
        await hub.pool.execute(
            """
            UPDATE delivery SET state = $2, attempt = 1, lease_until = now() + make_interval(secs => $3)
            WHERE id = $1
            """,
            id_,
            state,
            float(lease),
        )
    await timers.recover_deliveries(hub)
    assert await states(hub) == {claimed: "queued", sending: "unknown", alive: "sending"}
    [verb] = await hub.pool.fetch("SELECT verb FROM history WHERE verb NOT IN ('replied')")
    assert verb["verb"] == "perhaps_sent"


async def test_a_snooze_ends(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await matter(tx, world)
        await tx.execute(
            "UPDATE conversation SET state = 'snoozed', snoozed_until = now() - interval '1 s' WHERE id = $1",
            id_,
        )
    await timers.wake_snoozed(hub)
    assert await hub.pool.fetchval("SELECT state FROM conversation WHERE id = $1", id_) == "open"


async def test_one_broken_timer_does_not_stop_the_others(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = asyncio.Event()

    async def broken(hub: Hub) -> NoReturn:
        raise RuntimeError("broken")

    async def fine(hub: Hub) -> None:
        ran.set()

    monkeypatch.setattr(timers, "TIMERS", ((1.0, broken), (1.0, fine)))
    task = asyncio.create_task(timers.run(hub, tick=0.01))
    await asyncio.wait_for(ran.wait(), 5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_all_timers_run_on_an_empty_house(hub: Hub, world: World) -> None:
    await answer(hub, world)
    for _, job in timers.TIMERS:
        await job(hub)


async def test_old_answers_of_the_api_are_forgotten(hub: Hub, world: World) -> None:
    token = await hub.pool.fetchval(
        "INSERT INTO token (agent_id, name, hash) VALUES ($1, 't', 'x') RETURNING id", world.ana
    )
    await hub.pool.execute(
        """
        INSERT INTO idempotency_key (token_id, key, request_hash, created_at)
        VALUES ($1, 'old', 'h', now() - interval '3 days'), ($1, 'new', 'h', now())
        """,
        token,
    )
    await timers.forget_answers(hub)
    assert [row["key"] for row in await hub.pool.fetch("SELECT key FROM idempotency_key")] == ["new"]
