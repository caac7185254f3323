"""Wake-ups are no work: where nobody takes them they do not pile up."""

from __future__ import annotations

import pytest

from hub.plumbing import jobs
from hub.plumbing.hub import Hub


async def test_while_no_worker_runs_wake_ups_do_not_fill_redis(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_WAITING", 3)
    for _ in range(5):
        await hub.jobs.wake("todo")
    assert await hub.redis.zcard(hub.jobs.queue) == 3
