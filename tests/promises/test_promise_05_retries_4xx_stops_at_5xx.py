"""Promise 5: 4xx waits and retries with growing gaps, 5xx stops at once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from hub.channels.errors import Misconfigured, Rejected, Throttled, Unknown
from hub.deliveries.retrying import GAPS, JITTER, MOST_TRIES, after, gap
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


@pytest.mark.parametrize("script", ["RCPT=450", "DOT=451", "BANNER=421", "421-mid", "DATA=451", "MAIL=452"])
async def test_promise_05_retries_4xx_stops_at_5xx(hub: Hub, world: World, script: str) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp(script) as server:
        await connect(hub, world.mail.id, server)
        await answer(hub, world)
        async with running(hub):
            await asyncio.to_thread(server.wait_for, 3)
            row = await hub.pool.fetchrow("SELECT state, tries, reason, permanent FROM delivery")
            assert not row["permanent"]
            server.become("")
            await until_all(hub, "sent")
    times = [attempt.at for attempt in server.attempts]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] >= 0.2
    assert gaps[1] >= 0.5
    assert len(server.bodies) == 1


@pytest.mark.parametrize("script", ["RCPT=550", "DOT=554", "MAIL=550", "DATA=554"])
async def test_5xx_is_tried_once_and_says_why(hub: Hub, world: World, script: str) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp(script) as server:
        await connect(hub, world.mail.id, server)
        done = await answer(hub, world)
        async with running(hub):
            await until_all(hub, "failed")
            await asyncio.sleep(0.8)
        assert len(server.attempts) == 1
    row = await hub.pool.fetchrow("SELECT reason, permanent FROM delivery")
    assert row["permanent"]
    assert "5.1.1 no such user here" in row["reason"]
    news = await hub.pool.fetchrow("SELECT payload FROM todo WHERE kind = 'notification'")
    assert news["payload"]["agent_ids"] == [world.ana]
    assert news["payload"]["conversation_id"] == done.conversation_id


async def test_a_wrong_password_holds_the_mail_and_marks_the_channel(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp("with-AUTH", users={"help": "right"}) as server:
        await connect(hub, world.mail.id, server, smtp_user="help")
        await _password(hub, world, "wrong")
        await answer(hub, world)
        await answer(hub, world)
        async with running(hub):
            await _health(hub, world, "failing")
            row = await hub.pool.fetchrow("SELECT state, tries FROM delivery WHERE ours")
            assert row["state"] in ("queued", "claimed")
            assert row["tries"] == 0, "the recipient's patience is not used up by us"
            await _password(hub, world, "right")
            await until_all(hub, "sent")
            await _health(hub, world, "ok")
        assert len(server.bodies) == 2


async def _password(hub: Hub, world: World, password: str) -> None:
    secrets = hub.crypto.encrypt({"smtp_password": password})
    await hub.pool.execute("UPDATE channel SET secrets = $2 WHERE id = $1", world.mail.id, secrets)


async def _health(hub: Hub, world: World, wanted: str) -> None:
    for _ in range(200):
        if await hub.pool.fetchval("SELECT health FROM channel WHERE id = $1", world.mail.id) == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the channel never became {wanted}")


def test_the_gaps_grow_for_four_days_then_it_failed() -> None:
    waits = [after(Throttled("450 later"), tries) for tries in range(1, MOST_TRIES + 1)]
    assert [one.state for one in waits] == ["queued"] * (MOST_TRIES - 1) + ["failed"]
    assert waits[-1].code == "too_old"
    assert waits[-1].reason == "450 later"
    least = sum(GAPS[min(n, len(GAPS) - 1)] for n in range(MOST_TRIES - 1))
    assert 3 * 86400 < least < least * (1 + JITTER) < 4.9 * 86400
    for tries, wanted in enumerate(GAPS, 1):
        assert wanted <= gap(tries) <= wanted * (1 + JITTER)


def test_the_two_bits_decide() -> None:
    assert after(Rejected("550"), 1).state == "failed"
    assert after(Unknown("?"), 1).state == "unknown"
    assert after(Misconfigured("535"), MOST_TRIES + 1).state == "queued", (
        "ours to mend: held as long as it takes"
    )
    asked = after(Throttled("429", retry_after=7.0), 1)
    assert 7.0 <= asked.wait_seconds <= 7.0 * (1 + JITTER)
