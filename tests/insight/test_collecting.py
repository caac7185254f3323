"""Files nobody names go to the trash, and only days later for good; what a row names is never lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hub.conversations import media
from hub.insight.collecting import NAMED, collect
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.world import World

DAYS = 86_400


def age(path: Path, days: float = 3) -> None:
    """As if the file had been lying there for days."""
    then = time.time() - days * DAYS
    os.utime(path, (then, then))


async def collected(hub: Hub, key: str) -> Path | None:
    """One run over the folder of a file; where the file lies now."""
    await collect(hub, key[:2])
    try:
        return hub.files.path(key)
    except NotFound:
        return None


async def test_what_no_row_names_leaves_in_two_steps(hub: Hub, world: World) -> None:
    key = await hub.files.put(b"nobody needs this")
    assert await collected(hub, key) == hub.files.root / key, (
        "younger than 48 hours: perhaps a row will name it"
    )
    age(hub.files.path(key))
    assert await collected(hub, key) == hub.files.trash / key
    assert await hub.files.get(key) == b"nobody needs this"
    assert await collected(hub, key) == hub.files.trash / key, "its 48 hours in the trash begin anew"
    age(hub.files.path(key))
    assert await collected(hub, key) is None


async def test_what_a_row_names_stays_and_returns(hub: Hub, world: World) -> None:
    """Also what was thrown away while somebody stored and named it again."""
    said = await answer(hub, world)
    keys = [await hub.files.put(f"kept {number}".encode()) for number in range(3)]
    await hub.pool.execute("UPDATE message SET html_file = $2 WHERE id = $1", said.id, keys[0])
    await hub.pool.execute(
        """
        INSERT INTO attachment (token, message_id, name, type, size, sha256, file)
        VALUES ('t', $1, 'a.txt', 'text/plain', 6, '', $2)
        """,
        said.id,
        keys[1],
    )
    await hub.pool.execute(
        "INSERT INTO arrival (channel_id, outcome, size, raw_file) VALUES ($1, 'stored', 6, $2)",
        world.mail.id,
        keys[2],
    )
    for key in keys:
        age(hub.files.path(key))
        assert await collected(hub, key) == hub.files.root / key
    hub.files.throw_away(keys[1])
    age(hub.files.path(keys[1]))
    assert await collected(hub, keys[1]) == hub.files.root / keys[1]


async def test_a_half_written_file_of_a_dead_process_is_removed(hub: Hub, world: World) -> None:
    key = await hub.files.put(b"x")
    half = hub.files.path(key).with_name(".half.1234")
    half.write_bytes(b"ha")
    await collect(hub, key[:2])
    assert half.exists()
    age(half)
    await collect(hub, key[:2])
    assert not half.exists()


async def test_a_paused_house_and_one_that_is_backed_up_collect_nothing(hub: Hub, world: World) -> None:
    key = await hub.files.put(b"old")
    age(hub.files.path(key))
    await hub.pool.execute("UPDATE installation SET paused = true")
    assert await collected(hub, key) == hub.files.root / key
    await hub.pool.execute("UPDATE installation SET paused = false")
    async with hub.transaction() as backup:
        await backup.execute("SELECT pg_advisory_xact_lock(hashtext('files'))")
        assert await collected(hub, key) == hub.files.root / key
    assert await collected(hub, key) == hub.files.trash / key


async def test_an_upload_that_was_never_sent_is_forgotten(hub: Hub, world: World) -> None:
    old = await media.upload(hub, world.ana, "old.txt", b"old")
    new = await media.upload(hub, world.ana, "new.txt", b"new")
    await hub.pool.execute(
        "UPDATE attachment SET created_at = now() - interval '49 hours' WHERE id = $1", old.id
    )
    async with hub.transaction() as tx:
        assert await media.forget_unsent(tx) == 1
    assert [row["id"] for row in await hub.pool.fetch("SELECT id FROM attachment")] == [new.id]


async def test_the_registry_names_every_column_that_names_a_file(tx, world: World) -> None:
    rows = await tx.fetch(
        """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'text' AND column_name ~ '(^|_)file$'
        """
    )
    assert sorted(tuple(row) for row in rows) == sorted(NAMED), "say it in hub/insight/collecting.py"
