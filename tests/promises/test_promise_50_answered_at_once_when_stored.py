"""Promise 50: what was stored is answered within a second though nobody works on it; else 4xx (mail's side)."""

from __future__ import annotations

import asyncio
import smtplib
import time
from statistics import median

import msgspec

from hub.plumbing.hub import Hub
from tests.fakes.tcp_proxy import PostgresProxy, ValkeyProxy
from tests.mailroom.rooms import door, mail, subjects
from tests.mailroom.test_smtp_door import deliver
from tests.world import World


async def test_promise_50_answered_at_once_when_stored(hub: Hub, world: World) -> None:
    """No worker runs: each 250 comes within a second, with its row; what follows waits in `todo`."""
    async with door(hub) as open_door:
        await asyncio.to_thread(deliver, open_door.port, mail("warm"))
        waited = []
        for number in range(10):
            waited.append(await seconds(open_door.port, mail(number)))
            assert f"Pedido {number}" in await subjects(hub)
        assert median(waited) < 1, waited  # one may meet a pause of a busy machine
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'search_batch'") == 11


async def test_without_redis_too(hub: Hub, world: World) -> None:
    """Nobody can be woken: it is stored and answered all the same, and the notice has a row."""
    with ValkeyProxy(hub.settings.redis_url) as proxy:
        cut_off = await Hub.open(msgspec.structs.replace(hub.settings, redis_url=proxy.url))
        async with door(cut_off) as open_door:
            await asyncio.to_thread(deliver, open_door.port, mail("warm"))
            proxy.refuse()
            waited = [await seconds(open_door.port, mail(number)) for number in range(5)]
            assert median(waited) < 1, waited
        await cut_off.close()
    assert len(await subjects(hub)) == 6
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'signal'") >= 5


async def test_what_could_not_be_stored_is_never_acknowledged(hub: Hub, world: World) -> None:
    """PostgreSQL is away, hangs up on COMMIT, or its answer to COMMIT is lost: 4xx at once, later once each."""
    with PostgresProxy(hub.settings.database_url) as proxy:
        through = await Hub.open(msgspec.structs.replace(hub.settings, database_url=proxy.dsn))
        async with door(through) as open_door:
            await asyncio.to_thread(deliver, open_door.port, mail("warm"))
            for name, fault in (
                ("away", proxy.refuse),
                ("cut on", lambda: proxy.cut_on(b"COMMIT", times=100)),
                ("cut after", lambda: proxy.cut_after(b"COMMIT", times=100)),
            ):
                fault()
                began = time.monotonic()
                assert await refusal(open_door.port, mail(name)) in (421, 451), name
                assert time.monotonic() - began < 10, name
                proxy.resume()
            for name in ("away", "cut on", "cut after"):
                await asyncio.to_thread(deliver, open_door.port, mail(name))
        await through.close()
    assert await subjects(hub) == ["Pedido away", "Pedido cut after", "Pedido cut on", "Pedido warm"]


async def seconds(port: int, body: bytes) -> float:
    """How long a sender waits for its 250."""
    began = time.monotonic()
    await asyncio.to_thread(deliver, port, body)
    return time.monotonic() - began


async def refusal(port: int, body: bytes) -> int:
    """The code a mail is refused with; 0 when it is taken."""
    try:
        await asyncio.to_thread(deliver, port, body)
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 0
