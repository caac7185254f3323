"""Promise 12: arq's job-id dedup never swallows a legitimate second send."""

from __future__ import annotations

import asyncio

from arq.connections import create_pool

from hub.departure import Pace
from hub.plumbing.hub import Hub
from hub.plumbing.jobs import pack, redis_settings, unpack
from tests.deliveries.road import answer, connect, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.process import worker_process
from tests.world import World


async def test_promise_12_job_ids_swallow_nothing(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    arq = await create_pool(
        redis_settings(hub.settings.redis_url),
        job_serializer=pack,
        job_deserializer=unpack,
        default_queue_name=hub.jobs.queue,
    )
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        with worker_process(hub.settings, Pace(sweep=0.5)) as worker:
            for _ in range(3):
                await answer(hub, world)
                await arq.enqueue_job("deliver", _job_id="the-same-for-all")
                await asyncio.sleep(0.1)
            try:
                await until_all(hub, "sent")
            except AssertionError as error:
                raise AssertionError(worker.log()) from error
        assert sorted(server.copies().values()) == [1, 1, 1]
    await arq.aclose()
