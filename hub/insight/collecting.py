"""Files no row names any more leave in two steps: into the trash, and days later for good (INVARIANTS §15)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import structlog

from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.files import FOLDERS
from hub.plumbing.hub import Hub

log = structlog.get_logger(__name__)

HOURS = 48
EVERY_SECONDS = 300
"""One folder of 256 at a time: each is looked at once in 21 hours, and no run is ever long."""
# Every column that names a file; a test compares this with the schema.
NAMED = (
    ("arrival", "raw_file"),
    ("attachment", "file"),
    ("contact_list_import", "file"),
    ("message", "html_file"),
    ("page_picture", "file"),
)
_NAMED = " UNION ".join(f"SELECT {column} FROM {table} WHERE {column} = ANY($1)" for table, column in NAMED)


class Collected(msgspec.Struct, frozen=True):
    """What one run did, by key."""

    trashed: list[str]
    restored: list[str]
    deleted: list[str]


async def collect_due(hub: Hub) -> Collected:
    """The folder whose turn it is."""
    turn = int(clock.now().timestamp()) // EVERY_SECONDS
    return await collect(hub, FOLDERS[turn % len(FOLDERS)])


async def collect(hub: Hub, folder: str) -> Collected:
    """Move old unnamed files of one folder to the trash; delete from the trash what is still unnamed there.

    What was named again meanwhile returns. Nothing happens while the house is paused, as after a restore, or
    while somebody holds the lock `files`, as a backup does. Raises OSError.
    """
    before = clock.now() - timedelta(hours=HOURS)
    async with hub.transaction() as tx:
        if not await may_delete(tx):
            return Collected([], [], [])
        kept = await asyncio.to_thread(hub.files.older, folder, before)
        thrown = await asyncio.to_thread(hub.files.older, f"trash/{folder}", before)
        used = await named(tx, [*kept, *thrown])
        done = Collected(
            trashed=[key for key in kept if key not in used],
            restored=[key for key in thrown if key in used],
            deleted=[key for key in thrown if key not in used],
        )
        await asyncio.to_thread(_move, hub, done)
    if done.trashed or done.restored or done.deleted:
        log.info(
            "files collected", folder=folder, **{k: len(v) for k, v in msgspec.to_builtins(done).items()}
        )
    return done


async def named(tx: Tx, keys: Sequence[str]) -> set[str]:
    """Those of the keys that any row names."""
    return {row[0] for row in await tx.fetch(_NAMED, list(keys))} if keys else set()


async def may_delete(tx: Tx) -> bool:
    """Whether files may go now, until this transaction ends: not while paused, nor during a backup."""
    return bool(
        await tx.value(
            "SELECT NOT paused AND pg_try_advisory_xact_lock(hashtext('files')) FROM installation",
        )
    )


def _move(hub: Hub, done: Collected) -> None:
    for key in done.trashed:
        hub.files.throw_away(key)
    for key in done.restored:
        hub.files.take_back(key)
    for key in done.deleted:
        hub.files.forget(key)
