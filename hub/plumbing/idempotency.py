"""A repeated POST gets the first one's answer: one row per token and key (INVARIANTS §20)."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _


class Answered(msgspec.Struct, frozen=True):
    """The stored answer of the first request."""

    status: int
    answer: bytes


async def claim(tx: Tx, token_id: int, key: str, request_hash: bytes) -> Answered | None:
    """None: this is the first request and may go on. Else the first one's answer.

    The row is locked until `tx` ends, so that a repeat waits for the first one's commit. A key that was
    committed without an answer belongs to work that commits by itself; after 60 seconds it is taken for dead.
    Raises Conflict while the first is still running, BadInput when the key was used for something else.
    """
    try:
        async with tx.connection.transaction():  # a savepoint: the wait may end in an error
            fresh = await _insert(tx, token_id, key, request_hash)
    except asyncpg.LockNotAvailableError as error:
        raise _running() from error
    if fresh:
        return None
    row = await tx.record(
        "SELECT request_hash, status, answer FROM idempotency_key WHERE token_id = $1 AND key = $2",
        token_id,
        key,
    )
    if row is None or row["status"] is None:
        raise _running()
    if row["request_hash"] != request_hash:
        raise BadInput(_("This key was used for another request: choose a new one."), field="Idempotency-Key")
    return Answered(row["status"], row["answer"] or b"")


async def refuse(tx: Tx, token_id: int, key: str, request_hash: bytes, status: int, answer: bytes) -> None:
    """Keep a refusal, whose work was rolled back together with its key; what stands already stays."""
    await tx.execute(
        """
        INSERT INTO idempotency_key (token_id, key, request_hash, status, answer) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        token_id,
        key,
        request_hash,
        status,
        answer,
    )


async def settle(tx: Tx, token_id: int, key: str, status: int, answer: bytes) -> None:
    """Keep the answer for whoever repeats the request."""
    await tx.execute(
        "UPDATE idempotency_key SET status = $3, answer = $4 WHERE token_id = $1 AND key = $2",
        token_id,
        key,
        status,
        answer,
    )


async def release(tx: Tx, token_id: int, key: str) -> None:
    """Nothing was done: the same key may try again."""
    await tx.execute("DELETE FROM idempotency_key WHERE token_id = $1 AND key = $2", token_id, key)


async def forget(tx: Tx, needles: Sequence[str]) -> None:
    """Answers in which one of these words stands are kept no longer; their requests still are not done twice."""
    await tx.execute(
        """
        UPDATE idempotency_key SET answer = '{}'
        WHERE EXISTS (SELECT FROM unnest($1::text[]) AS n (words)
                      WHERE strpos(lower(encode(answer, 'escape')), n.words) > 0)
        """,
        list(needles),
    )


async def sweep(tx: Tx) -> int:
    """Forget keys older than two days; how many."""
    return await tx.execute("DELETE FROM idempotency_key WHERE created_at < now() - interval '2 days'")


async def _insert(tx: Tx, token_id: int, key: str, request_hash: bytes) -> int:
    return await tx.execute(
        """
        INSERT INTO idempotency_key (token_id, key, request_hash) VALUES ($1, $2, $3)
        ON CONFLICT (token_id, key) DO UPDATE SET created_at = now()
            WHERE idempotency_key.status IS NULL AND idempotency_key.request_hash = excluded.request_hash
              AND idempotency_key.created_at < now() - interval '60 seconds'
        """,
        token_id,
        key,
        request_hash,
    )


def _running() -> Conflict:
    return Conflict(_("The same request is still running: ask again in a moment."), field="Idempotency-Key")
