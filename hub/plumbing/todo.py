"""What must follow a commit has a row here until it is done; Redis and arq only wake (INVARIANTS §5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.plumbing.db import Tx

GROWING_SECONDS = (1, 5, 30, 120, 600, 1800, 3600)


class Todo(msgspec.Struct, frozen=True):
    """One thing to do: `attempts` counts this one."""

    id: int
    kind: str
    ref: int
    payload: Any
    attempts: int


async def add(
    tx: Tx, kind: str, ref: int = 0, payload: Any = None, *, due_at: datetime | None = None
) -> None:
    """Something to do once this transaction committed, at `due_at` or at once."""
    await tx.execute(
        "INSERT INTO todo (kind, ref, payload, due_at) VALUES ($1, $2, $3, coalesce($4, now()))",
        kind,
        ref,
        payload or {},
        due_at,
    )


async def add_many(tx: Tx, kind: str, refs: Sequence[int]) -> None:
    """The same for many things, in one statement."""
    await tx.execute("INSERT INTO todo (kind, ref) SELECT $1, unnest($2::bigint[])", kind, list(refs))


async def claim(tx: Tx, kinds: Sequence[str], *, most: int = 100, lease_seconds: int = 150) -> list[Todo]:
    """Due rows that nobody holds, oldest first, leased to the caller."""
    return await tx.rows(
        Todo,
        """
        UPDATE todo SET lease_until = now() + make_interval(secs => $3), attempts = attempts + 1
        WHERE id IN (SELECT id FROM todo
                     WHERE due_at <= now() AND kind = ANY($1) AND (lease_until IS NULL OR lease_until < now())
                     ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, ref, payload, attempts
        """,
        list(kinds),
        most,
        float(lease_seconds),
    )


async def done(tx: Tx, ids: Sequence[int]) -> None:
    """These are finished."""
    await tx.execute("DELETE FROM todo WHERE id = ANY($1)", list(ids))


async def failed(tx: Tx, todo: Todo, error: str) -> None:
    """This one failed; it comes back after a growing gap, with the error beside it."""
    gap = GROWING_SECONDS[min(todo.attempts, len(GROWING_SECONDS)) - 1]
    await tx.execute(
        """
        UPDATE todo SET lease_until = NULL, due_at = now() + make_interval(secs => $2), error = $3
        WHERE id = $1
        """,
        todo.id,
        float(gap),
        error[:2000],
    )
