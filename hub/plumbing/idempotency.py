"""A repeated POST gets the first one's answer: one row per token and key (INVARIANTS §20)."""

from __future__ import annotations

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

    One that ran for 30 seconds without an answer is taken for dead, and its repeat goes on in its place.
    Raises Conflict while the first is still running, BadInput when the key was used for something else.
    """
    fresh = await tx.execute(
        """
        INSERT INTO idempotency_key (token_id, key, request_hash) VALUES ($1, $2, $3)
        ON CONFLICT (token_id, key) DO UPDATE SET created_at = now()
            WHERE idempotency_key.status IS NULL AND idempotency_key.request_hash = excluded.request_hash
              AND idempotency_key.created_at < now() - interval '30 seconds'
        """,
        token_id,
        key,
        request_hash,
    )
    if fresh:
        return None
    row = await tx.record(
        "SELECT request_hash, status, answer FROM idempotency_key WHERE token_id = $1 AND key = $2",
        token_id,
        key,
    )
    if row is None or row["status"] is None:
        raise Conflict(
            _("The same request is still running: ask again in a moment."), field="Idempotency-Key"
        )
    if row["request_hash"] != request_hash:
        raise BadInput(_("This key was used for another request: choose a new one."), field="Idempotency-Key")
    return Answered(row["status"], row["answer"] or b"")


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


async def sweep(tx: Tx) -> int:
    """Forget keys older than two days; how many."""
    return await tx.execute("DELETE FROM idempotency_key WHERE created_at < now() - interval '2 days'")
