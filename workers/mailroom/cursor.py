"""How far a mailbox was read: a row for every UID, and a cursor below which none is missing (INVARIANTS §17)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from hub.plumbing.hub import Hub

SWEEP_EVERY = timedelta(days=1)


class LeaseLost(Exception):
    """Another mailroom reads this mailbox now."""


class Place(msgspec.Struct, kw_only=True):
    """Where a mailbox stands. `uidvalidity` None: this numbering was never read to its end."""

    folder: str
    uidvalidity: int | None
    cursor_uid: int
    swept_at: datetime | None
    checked_at: datetime | None
    now: datetime

    @property
    def sweep_due(self) -> bool:
        """True once a day."""
        return self.swept_at is None or self.now - self.swept_at > SWEEP_EVERY


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one UID. `outcome`: stored, duplicate, ignored, unreadable, gone or before."""

    uid: int
    outcome: str
    arrival_id: int | None = None


class Cursor:
    """The rows of one mailbox's folder in one numbering; every write is fenced by the lease."""

    def __init__(self, hub: Hub, channel_id: int, lease: str, folder: str) -> None:
        self._hub, self._channel_id, self._lease, self._folder = hub, channel_id, lease, folder

    async def place(self) -> Place:
        """Where the mailbox stands; a folder changed in the settings starts afresh. Raises LeaseLost."""
        async with self._hub.transaction() as tx:
            await tx.execute(
                """
                UPDATE mailbox SET folder = $3, uidvalidity = NULL, cursor_uid = 0, swept_at = NULL, checked_at = NULL
                WHERE channel_id = $1 AND lease_token = $2 AND folder <> $3
                """,
                self._channel_id,
                self._lease,
                self._folder,
            )
            found = await tx.row(
                Place,
                """
                SELECT folder, uidvalidity, cursor_uid, swept_at, checked_at, now() AS now
                FROM mailbox WHERE channel_id = $1 AND lease_token = $2
                """,
                self._channel_id,
                self._lease,
            )
        if found is None:
            raise LeaseLost
        return found

    async def noted(self, uidvalidity: int, uids: Iterable[int]) -> set[int]:
        """Those of `uids` whose outcome is known."""
        async with self._hub.transaction() as tx:
            rows = await tx.fetch(
                """
                SELECT uid FROM mailbox_uid
                WHERE channel_id = $1 AND folder = $2 AND uidvalidity = $3 AND uid = ANY($4::bigint[])
                """,
                self._channel_id,
                self._folder,
                uidvalidity,
                list(uids),
            )
        return {row["uid"] for row in rows}

    async def noted_lately(self, uidvalidity: int, uids: Iterable[int]) -> set[int]:
        """Those of `uids` taken in during the last hour: perhaps we were cut off before marking them."""
        async with self._hub.transaction() as tx:
            rows = await tx.fetch(
                """
                SELECT uid FROM mailbox_uid
                WHERE channel_id = $1 AND folder = $2 AND uidvalidity = $3 AND uid = ANY($4::bigint[])
                  AND at > now() - interval '1 hour' AND outcome <> 'before'
                """,
                self._channel_id,
                self._folder,
                uidvalidity,
                list(uids),
            )
        return {row["uid"] for row in rows}

    async def note(self, uidvalidity: int, outcomes: list[Noted]) -> None:
        """Write down what became of these UIDs; the first outcome of a UID stays."""
        async with self._hub.transaction() as tx:
            await tx.execute(
                """
                INSERT INTO mailbox_uid (channel_id, folder, uidvalidity, uid, outcome, arrival_id)
                SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::text[], $6::bigint[]) ORDER BY 4
                ON CONFLICT DO NOTHING
                """,
                self._channel_id,
                self._folder,
                uidvalidity,
                [one.uid for one in outcomes],
                [one.outcome for one in outcomes],
                [one.arrival_id for one in outcomes],
            )

    async def advance(self, uid: int) -> None:
        """Everything up to `uid` is noted. Raises LeaseLost."""
        await self._update("cursor_uid = greatest(cursor_uid, $3), checked_at = now(), error = ''", uid)

    async def begin(self, uidvalidity: int, uid: int) -> None:
        """This numbering is read up to `uid`; from now on the cursor counts in it. Raises LeaseLost."""
        await self._update(
            "uidvalidity = $3, cursor_uid = $4, checked_at = now(), error = ''", uidvalidity, uid
        )

    async def swept(self) -> None:
        """The last days were compared, UID by UID. Raises LeaseLost."""
        await self._update("swept_at = now()")

    async def failed(self, words: str) -> None:
        """Keep what went wrong for the operator. Raises LeaseLost."""
        await self._update("error = $3", words[:500])

    async def _update(self, change: str, *values: object) -> None:
        """`change` is a constant of this file."""
        async with self._hub.transaction() as tx:
            kept = await tx.execute(
                f"UPDATE mailbox SET {change} WHERE channel_id = $1 AND lease_token = $2",
                self._channel_id,
                self._lease,
                *values,
            )
        if not kept:
            raise LeaseLost
