"""A worker writes down that a send starts and how it ended, only while the attempt is still its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.deliveries.states import LEFT, Changed, may_become
from hub.plumbing.db import Tx


class Start(msgspec.Struct, frozen=True):
    """The content is about to go on the wire; from now the lease lasts `lease_seconds`."""

    id: int
    attempt: int
    lease_seconds: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended; `wait_seconds` counts for *queued* only, `tried` is false if nobody was asked."""

    id: int
    attempt: int
    state: str
    provider_id: str = ""
    permanent: bool = False
    ours: bool = False
    code: str = ""
    reason: str = ""
    wait_seconds: float = 0.0
    tried: bool = True
    dead: bool = False
    only_here: bool = False
    opted_out: bool = False


class Row(msgspec.Struct, frozen=True):
    """A locked delivery, as far as transitions need it."""

    id: int
    state: str
    attempt: int
    message_id: int | None
    channel_id: int
    recipient: str
    tries: int = 0
    recipient_id: int | None = None


async def lock(tx: Tx, ids: Sequence[int]) -> dict[int, Row]:
    """Lock deliveries in the order of their ids (INVARIANTS §9)."""
    rows = await tx.rows(
        Row,
        """
        SELECT id, state, attempt, message_id, channel_id, recipient, tries, recipient_id FROM delivery
        WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
        """,
        sorted(set(ids)),
    )
    return {row.id: row for row in rows}


async def start(tx: Tx, rows: dict[int, Row], starts: Sequence[Start]) -> set[int]:
    """Mark as *sending*; the ids that are still the caller's. The others must not be sent.

    Saying it twice is harmless: a commit whose answer was lost is simply repeated.
    """
    ours = [one for one in starts if _is_ours(rows.get(one.id), one.attempt, ("claimed", "sending"))]
    await tx.execute(
        """
        UPDATE delivery SET state = 'sending', lease_until = now() + make_interval(secs => s.lease),
                            started_at = now()
        FROM unnest($1::bigint[], $2::int[], $3::float[]) AS s (id, attempt, lease)
        WHERE delivery.id = s.id AND delivery.attempt = s.attempt
        """,
        [one.id for one in ours],
        [one.attempt for one in ours],
        [one.lease_seconds for one in ours],
    )
    return {one.id for one in ours}


async def note(tx: Tx, rows: dict[int, Row], results: Sequence[Result]) -> list[Changed]:
    """Write results, each only if its attempt is still the current one; what changed state.

    A report may have been faster: then the state stays and only the provider's id is added.
    """
    changed: list[tuple[Result, Changed]] = []
    for result in results:
        row = rows.get(result.id)
        if row is None or row.attempt != result.attempt:
            continue
        moved = may_become(row.state, result.state, "worker")
        changed.append((result, _changed(row, result, result.state if moved else row.state)))
    await _write(tx, changed)
    return [change for _, change in changed if change.before != change.state]


def _is_ours(row: Row | None, attempt: int, states: tuple[str, ...]) -> bool:
    return row is not None and row.attempt == attempt and row.state in states


def _changed(row: Row, result: Result, state: str) -> Changed:
    return Changed(
        id=row.id,
        message_id=row.message_id,
        channel_id=row.channel_id,
        recipient=row.recipient,
        recipient_id=row.recipient_id,
        before=row.state,
        state=state,
        permanent=result.permanent,
        ours=result.ours,
        code=_clean(result.code, 100),
        reason=_clean(result.reason, 1000),
        dead=result.dead,
        only_here=result.only_here,
        opted_out=result.opted_out,
    )


async def _write(tx: Tx, changed: Sequence[tuple[Result, Changed]]) -> None:
    await tx.execute(
        """
        UPDATE delivery SET
            state = r.state,
            provider_id = CASE r.provider_id WHEN '' THEN delivery.provider_id ELSE r.provider_id END,
            permanent = CASE WHEN r.moved THEN r.permanent ELSE delivery.permanent END,
            ours = CASE WHEN r.moved THEN r.ours ELSE delivery.ours END,
            code = CASE WHEN r.moved THEN r.code ELSE delivery.code END,
            reason = CASE WHEN r.moved THEN r.reason ELSE delivery.reason END,
            due_at = CASE WHEN r.moved AND r.state = 'queued' THEN now() + make_interval(secs => r.wait)
                          ELSE due_at END,
            sent_at = CASE WHEN r.was_sent THEN coalesce(sent_at, now()) ELSE sent_at END,
            started_at = CASE WHEN r.tried AND delivery.state = 'claimed' THEN now() ELSE started_at END,
            tries = tries + r.tried::int,
            lease_until = NULL
        FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bool[], $5::text[], $6::bool[], $7::bool[],
                    $8::text[], $9::text[], $10::float[], $11::bool[], $12::bool[])
             AS r (id, attempt, state, moved, provider_id, permanent, ours, code, reason, wait, was_sent, tried)
        WHERE delivery.id = r.id AND delivery.attempt = r.attempt
        """,
        [result.id for result, _ in changed],
        [result.attempt for result, _ in changed],
        [change.state for _, change in changed],
        [change.before != change.state for _, change in changed],
        [_clean(result.provider_id, 200) for result, _ in changed],
        [change.permanent for _, change in changed],
        [change.ours for _, change in changed],
        [change.code for _, change in changed],
        [change.reason for _, change in changed],
        [result.wait_seconds for result, _ in changed],
        [result.state in LEFT for result, _ in changed],
        [result.tried for result, _ in changed],
    )


def _clean(text: str, longest: int) -> str:
    """A server's words may hold anything; PostgreSQL takes neither NUL nor half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:longest]
