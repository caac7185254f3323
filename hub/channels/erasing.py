"""Originals of an erased person leave the ledger; their keys stay, so that the same thing told again is no news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.plumbing.db import Tx

AT_ONCE = 2_000
SLOWEST = timedelta(minutes=10)
"""Longer nothing takes from the moment it came to its commit."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """Some arrivals looked through: up to which, which name them, and whose bytes lie in a file and were not read.

    `more`: there are others behind them.
    """

    up_to: int
    more: bool
    found: list[int]
    unread: dict[int, str]


async def end(tx: Tx, arrival_ids: Sequence[int]) -> list[str]:
    """Delete these; the files they named."""
    await tx.execute(
        "UPDATE arrival_key SET answer = NULL WHERE arrival_id = ANY($1) AND answer IS NOT NULL",
        list(arrival_ids),
    )
    rows = await tx.fetch("DELETE FROM arrival WHERE id = ANY($1) RETURNING raw_file", list(arrival_ids))
    return [row["raw_file"] for row in rows if row["raw_file"]]


async def look_through(tx: Tx, after: int, needles: Sequence[str]) -> Looked:
    """The next two thousand arrivals after this id: in which a needle stands, in envelope or bytes."""
    rows = await tx.fetch(
        f"SELECT id, raw_file, {_NAMED} FROM arrival WHERE id > $2 ORDER BY id LIMIT $3",
        list(needles),
        after,
        AT_ONCE,
    )
    return _looked(rows, up_to=rows[-1]["id"] if rows else after, more=len(rows) == AT_ONCE)


async def look_again(tx: Tx, since: datetime, needles: Sequence[str]) -> Looked:
    """All that came since then: ids are drawn in blocks, so one may be stored behind whoever looked (INVARIANTS §5)."""
    rows = await tx.fetch(
        f"SELECT id, raw_file, {_NAMED} FROM arrival WHERE received_at >= $2", list(needles), since - SLOWEST
    )
    return _looked(rows)


_NAMED = """
    EXISTS (
        SELECT FROM unnest($1::text[]) AS n (words)
        WHERE strpos(lower(envelope::text), n.words) > 0 OR strpos(lower(encode(raw, 'escape')), n.words) > 0
    ) AS named
"""


def _looked(rows: Sequence[Any], *, up_to: int = 0, more: bool = False) -> Looked:
    return Looked(
        up_to=up_to,
        more=more,
        found=[row["id"] for row in rows if row["named"]],
        unread={row["id"]: row["raw_file"] for row in rows if row["raw_file"] and not row["named"]},
    )
