"""What must follow a commit has a row here until it is done; Redis and arq only wake (INVARIANTS §5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.plumbing.db import Tx

LEASE_SECONDS = 150
GROWING_SECONDS = (1, 5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
MOST_TRIES = 14
"""About five days. What still fails then is parked: due at infinity, until a person looks (plumbing/parked.py)."""


class Todo(msgspec.Struct, frozen=True):
    """One thing to do: `attempts` counts this one."""

    id: int
    kind: str
    ref: int
    payload: Any
    attempts: int


class Lost(Exception):
    """Our lease ran out and another worker took it over, or it is done already."""


async def add(
    tx: Tx,
    kind: str,
    ref: int = 0,
    payload: Any = None,
    *,
    due_at: datetime | None = None,
    in_seconds: float = 0.0,
) -> None:
    """Something to do once this transaction committed: at `due_at`, or in so many seconds of PostgreSQL's clock."""
    await tx.execute(
        """
        INSERT INTO todo (kind, ref, payload, due_at)
        VALUES ($1, $2, $3, coalesce($4, now() + make_interval(secs => $5)))
        """,
        kind,
        ref,
        payload or {},
        due_at,
        in_seconds,
    )


async def add_many(tx: Tx, kind: str, refs: Sequence[int]) -> None:
    """The same for many things, in one statement that travels with its neighbours."""
    tx.together("INSERT INTO todo (kind, ref) SELECT $1, unnest($2::bigint[])", kind, list(refs))


def add_batch(tx: Tx, kind: str, refs: Sequence[int]) -> None:
    """The same for many things done together: one row, their `refs` in its payload."""
    tx.together("INSERT INTO todo (kind, payload) VALUES ($1, $2)", kind, {"refs": list(refs)})


async def waits(tx: Tx, kind: str, ref: int) -> bool:
    """Whether this is to be done already, by a row that nobody works on yet."""
    return bool(
        await tx.value(
            """
            SELECT EXISTS (SELECT FROM todo WHERE kind = $1 AND ref = $2 AND lease_until IS NULL
                           AND due_at < 'infinity')
            """,
            kind,
            ref,
        )
    )


async def claim(
    tx: Tx, kinds: Sequence[str], *, most: int = 100, lease_seconds: int = LEASE_SECONDS
) -> list[Todo]:
    """Due rows that nobody holds, oldest first, leased to the caller: `attempts` is the caller's fence."""
    return await tx.rows(
        Todo,
        """
        WITH due AS MATERIALIZED (  -- else a plan may look for $2 rows again and again, and lease them all
            SELECT id FROM todo
            WHERE due_at <= now() AND kind = ANY($1) AND (lease_until IS NULL OR lease_until < now())
            ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        UPDATE todo SET lease_until = now() + make_interval(secs => $3), attempts = attempts + 1
        FROM due WHERE todo.id = due.id
        RETURNING todo.id, kind, ref, payload, attempts
        """,
        list(kinds),
        most,
        float(lease_seconds),
    )


async def renew(tx: Tx, todos: Sequence[Todo], *, lease_seconds: int = LEASE_SECONDS) -> None:
    """These are still being worked on; what another holds meanwhile, or is done, stays as it is."""
    await tx.execute(
        """
        UPDATE todo SET lease_until = now() + make_interval(secs => $3)
        FROM (SELECT todo.id FROM todo JOIN unnest($1::bigint[], $2::int[]) AS mine (id, attempts)
                ON todo.id = mine.id AND todo.attempts = mine.attempts
              WHERE todo.lease_until IS NOT NULL
              ORDER BY todo.id FOR UPDATE OF todo SKIP LOCKED) AS held
        WHERE todo.id = held.id
        """,
        *_fences(todos),
        float(lease_seconds),
    )


async def done(tx: Tx, todos: Sequence[Todo]) -> int:
    """These are finished; how many of them were still ours."""
    return await tx.execute(
        """
        DELETE FROM todo USING unnest($1::bigint[], $2::int[]) AS mine (id, attempts)
        WHERE todo.id = mine.id AND todo.attempts = mine.attempts
        """,
        *_fences(todos),
    )


async def finish(tx: Tx, todos: Sequence[Todo]) -> None:
    """The same as the last word of the transaction that did them: it counts only if all were still ours.

    Raises Lost otherwise, so that the transaction ends without effect.
    """
    if await done(tx, todos) < len(todos):
        raise Lost


async def forget(tx: Tx, kinds: Sequence[str], refs: Sequence[int]) -> None:
    """What was to be done with things that are no more."""
    await tx.execute("DELETE FROM todo WHERE kind = ANY($1) AND ref = ANY($2)", list(kinds), list(refs))


async def forget_naming(tx: Tx, needles: Sequence[str]) -> None:
    """What was to be done and names somebody who is no more."""
    await tx.execute(
        """
        DELETE FROM todo
        WHERE EXISTS (SELECT FROM unnest($1::text[]) AS n (words) WHERE strpos(lower(payload::text), n.words) > 0)
        """,
        list(needles),
    )


async def failed(tx: Tx, todo: Todo, error: str, *, passing: bool = False) -> None:
    """This one failed; it comes back after a growing gap, with the error beside it, or is parked at last.

    `passing`: the fault is not its own (a server is away), so it is never parked for it.
    """
    parked = todo.attempts >= MOST_TRIES and not passing
    gap = GROWING_SECONDS[min(todo.attempts, len(GROWING_SECONDS)) - 1]
    await tx.execute(
        """
        UPDATE todo SET lease_until = NULL, error = $4,
               due_at = CASE WHEN $5 THEN 'infinity' ELSE now() + make_interval(secs => $3) END
        WHERE id = $1 AND attempts = $2
        """,
        todo.id,
        todo.attempts,
        float(gap),
        error[:2000],
        parked,
    )


def _fences(todos: Sequence[Todo]) -> tuple[list[int], list[int]]:
    return [todo.id for todo in todos], [todo.attempts for todo in todos]
