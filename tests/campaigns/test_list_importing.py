"""A large file goes into its list by workers: each row once, whoever dies; its wrong rows are named."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config.settings import Settings
from hub.campaigns import list_importing, lists
from hub.campaigns.list_columns import Plan
from hub.campaigns.list_importing import Importing
from hub.cli import importing as following
from hub.cli import main
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.hub import Hub
from tests.campaigns.test_lists import FILE, WRONG, planned
from tests.process import environ
from tests.world import World
from workers import campaigning
from workers.todo import Chores


class _Died(Exception):
    """The worker is gone."""


async def read(hub: Hub, import_id: int) -> Importing:
    async with hub.transaction() as tx:
        return await list_importing.load(tx, import_id)


async def test_each_row_is_taken_in_once_whoever_dies(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_importing, "AT_ONCE", 3)
    async with hub.transaction() as tx:
        made = await lists.create(tx, "Feria", agent_id=world.mario)
    begun = await list_importing.begin(hub, made.id, FILE, planned(), name="feria.csv", agent_id=world.mario)
    assert (begun.rows, begun.seen, begun.finished_at) == (8, 0, None)
    assert not await list_importing.turn(hub, begun.id, until=0), "one batch, then others get their turn"
    half = await read(hub, begun.id)
    assert half.seen == 3

    store = list_importing._store

    async def dying(tx: Tx, **given: Any) -> bool:
        await store(tx, **given)
        raise _Died

    with monkeypatch.context() as patched:
        patched.setattr(list_importing, "_store", dying)
        with pytest.raises(_Died):
            await list_importing.turn(hub, begun.id, until=float("inf"))
    assert await read(hub, begun.id) == half, "what did not commit was not done"
    both = partial(list_importing.turn, hub, begun.id, until=float("inf"))
    await asyncio.gather(both(), both())
    chores = Chores(hub, campaigning.KINDS, most=1)
    while await chores.turn():
        pass
    done = await read(hub, begun.id)
    assert (done.done, done.new, done.wrong, done.agreed, done.kept_out) == (4, 1, 4, 3, 0)
    assert [(one.row, one.field) for one in done.errors] == WRONG
    assert done.finished_at is not None
    assert await list_importing.turn(hub, begun.id, until=0), "it is finished, whoever asks"
    assert await hub.pool.fetchval("SELECT file FROM contact_list_import") is None, "nobody keeps it"
    async with hub.transaction() as tx:
        found = await lists.load(tx, made.id)
        assert (found.people, found.columns) == (3, ["ciudad"])
        assert await list_importing.listed(tx, made.id) == [done]


async def test_the_command_follows_the_worker_and_says_what_ended_it_early(
    hub: Hub, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file was lost between the two."""
    monkeypatch.setattr(lists, "SMALL_BYTES", 10)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)
    file = tmp_path / "feria.csv"
    file.write_text("email\na@b.es\n")
    words = ["import", "list", str(file), "--name", "Feria"]
    told = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, main, words, env=environ(settings)))
    one: list[Importing] = []
    while not one and not told.done():
        await asyncio.sleep(0.01)
        async with hub.transaction() as tx:
            one = await list_importing.listed(tx)
    await hub.pool.execute("UPDATE contact_list_import SET file = 'ab/gone'")
    assert await list_importing.turn(hub, one[0].id, until=0)
    result = await told
    assert (result.exit_code, "ab/gone" in result.output) == (2, True), result.output


async def test_what_makes_a_file_unusable_is_said_before_it_is_kept(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        made = await lists.create(tx, "Feria")
    plan = Plan(columns={"email": "email"})
    for raw in (b"email\n", b"mail\na@b.es\n"):
        with pytest.raises(BadInput):
            await list_importing.begin(hub, made.id, raw, plan)
    with pytest.raises(NotFound):
        await list_importing.begin(hub, made.id + 1, b"email\na@b.es\n", plan)
    begun = await list_importing.begin(hub, made.id, b"email\na@b.es\n", plan)
    await hub.pool.execute("UPDATE contact_list_import SET file = 'ab/gone'")
    assert await list_importing.turn(hub, begun.id, until=0)
    assert "ab/gone" in (await read(hub, begun.id)).why, "a backup without its files"
