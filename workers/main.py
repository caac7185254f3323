"""The worker: sends, does what follows a commit, and what is due. Redis only wakes it; it lives without."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from arq.worker import Worker, func
from redis.exceptions import RedisError

from config.settings import Settings
from hub.bulk.one_by_one import OneByOne
from hub.bulk.road import Bulk
from hub.channels.registry import ADAPTERS, adapter
from hub.departure import Pace
from hub.operating import generations
from hub.outbound import Outbound
from hub.plumbing.ending import unless_told_to_end
from hub.plumbing.hub import Hub
from hub.plumbing.jobs import JOB_SECONDS, POLL_SECONDS, pack, redis_settings, unpack
from workers import campaigning, deliver, erasing, timers
from workers.fetching import SLOW
from workers.todo import READING, Chores

log = structlog.get_logger(__name__)

HEALTH_SECONDS = 5
REDIS_AWAY_SECONDS = 1.0


async def run(settings: Settings, *, pace: Pace | None = None) -> None:
    """Work until cancelled, then drain: nothing new begins, what is on the wire ends."""
    hub = await Hub.open(settings, name="dialogo worker")
    await generations.agree(hub)
    outbound, chores = Outbound(hub, pace), chores_of(hub)
    campaigns = Bulk(hub, pace), OneByOne(hub, pace)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(outbound.run())
            for road in campaigns:
                group.create_task(road.run())
            for one in chores:
                group.create_task(one.run())
            group.create_task(timers.run(hub))
            group.create_task(_listen(hub, (outbound, *campaigns), chores[0]))
    finally:
        for kind in ADAPTERS:
            await adapter(kind).close()
        await hub.close()


def chores_of(hub: Hub) -> tuple[Chores, ...]:
    """First what is waited for; what takes seconds, or waits for others' servers, holds none of that up."""
    return (
        Chores(hub),
        Chores(hub, SLOW),
        Chores(hub, READING, most=1),
        Chores(hub, campaigning.KINDS, most=1),
        Chores(hub, erasing.KINDS, most=1),
    )


async def _listen(hub: Hub, roads: tuple[Outbound | Bulk, ...], chores: Chores) -> None:
    """Be woken through arq; while Redis is away the sweeps do all, only a second later."""
    while True:
        unless_told_to_end()
        worker = Worker(
            functions=[
                func(deliver.deliver, name="deliver", keep_result=0, max_tries=1),
                func(deliver.todo, name="todo", keep_result=0, max_tries=1),
            ],
            queue_name=hub.jobs.queue,
            redis_settings=redis_settings(hub.jobs.url),
            handle_signals=False,
            poll_delay=POLL_SECONDS,
            job_timeout=JOB_SECONDS,
            health_check_interval=HEALTH_SECONDS,
            job_serializer=pack,
            job_deserializer=unpack,
            log_results=False,
            ctx={"roads": roads, "chores": chores},
        )
        try:
            await worker.async_run()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("Redis is away, sweeping without wake-ups", error=str(error))
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):  # it is away: nothing to give back
                await worker.close()
        await asyncio.sleep(REDIS_AWAY_SECONDS)
