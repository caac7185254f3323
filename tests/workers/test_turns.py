"""A worker's turns at what follows commits: nothing is left behind running, nothing slow holds up the rest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NoReturn

import pytest

from hub.plumbing import parked, todo
from hub.plumbing.hub import Hub
from hub.plumbing.todo import Todo
from workers import main, timers
from workers.todo import Chores


async def test_a_turn_ends_when_all_it_began_has_ended(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would renew the leases of what it left behind: the next turn would begin it once more."""
    given_up, go_on = asyncio.Event(), asyncio.Event()

    async def bad(hub: Hub, rows: Sequence[Todo]) -> NoReturn:
        raise ValueError("a bad row")

    async def slow(hub: Hub, rows: Sequence[Todo]) -> None:
        await go_on.wait()

    async def away(*_: object, **__: object) -> NoReturn:
        given_up.set()
        raise ConnectionResetError("the database is away")

    monkeypatch.setattr(todo, "failed", away)
    await hub.pool.execute("INSERT INTO todo (kind) VALUES ('bad'), ('slow')")
    turn = asyncio.create_task(Chores(hub, {"bad": bad, "slow": slow}).turn())
    await given_up.wait()
    await asyncio.wait([turn], timeout=0.2)
    assert not turn.done()
    go_on.set()
    with pytest.raises(ConnectionResetError):
        await turn
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'slow'") == 0


def test_what_takes_seconds_holds_up_nothing_else(hub: Hub) -> None:
    """All kinds of a turn wait for the slowest of them; each kind is somebody's, once."""
    sorts = [sorted(one.kinds) for one in main.chores_of(hub)]
    assert ["machine_reading"] in sorts
    kinds = [kind for one in sorts for kind in one]
    assert sorted(kinds) == sorted(set(kinds))
    assert set(parked.KINDS) == set(kinds), "a person who is to decide about one has words for it"


async def test_who_is_told_to_end_ends_whatever_became_of_the_word(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that takes the cancellation for a time-out of its own must not keep a worker from ending."""
    begun = asyncio.Event()

    async def deaf(hub: Hub, rows: Sequence[Todo] = ()) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise TimeoutError from None

    monkeypatch.setattr(timers, "TIMERS", ((1.0, deaf),))
    await hub.pool.execute("INSERT INTO todo (kind) VALUES ('deaf')")
    for work in (timers.run(hub), Chores(hub, {"deaf": deaf}).run()):
        begun.clear()
        task = asyncio.create_task(work)
        await begun.wait()
        task.cancel()
        done, left = await asyncio.wait([task], timeout=10)
        for one in left:
            one.cancel()
        assert done, work
        with contextlib.suppress(asyncio.CancelledError):
            await task
