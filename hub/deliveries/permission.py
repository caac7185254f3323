"""May we write to this address? The only answer, for composer, preview and the road out (DESIGN.md §4)."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.deliveries.wording import words
from hub.plumbing.db import Tx

Purpose = Literal["service", "marketing"]

# NULL when `d` (a row with address_id and purpose) may leave, else the code of the reason. It stands in the
# claim's WHERE, so that nothing leaves that was forbidden meanwhile (INVARIANTS §6). The newest row of the
# consent ledger counts; 'service' refused means the carrier itself blocks (STOP).
WHY_NOT = """
    CASE
        WHEN (SELECT NOT usable FROM address WHERE address.id = d.address_id) THEN 'unusable'
        WHEN (SELECT NOT granted FROM consent
              WHERE consent.address_id = d.address_id AND consent.purpose = 'service'
              ORDER BY consent.id DESC LIMIT 1) THEN 'opted_out'
        WHEN d.purpose = 'marketing' AND NOT coalesce(
             (SELECT granted FROM consent
              WHERE consent.address_id = d.address_id AND consent.purpose = 'marketing'
              ORDER BY consent.id DESC LIMIT 1), false) THEN 'no_consent'
    END
"""


class Yes(msgspec.Struct, frozen=True):
    """We may."""


class No(msgspec.Struct, frozen=True):
    """We may not; `code` is for programs, `reason` for people, in the language being spoken."""

    code: str
    reason: str


async def may_send(tx: Tx, address_id: int, purpose: Purpose) -> Yes | No:
    """Whether a message with this purpose may leave for this address now."""
    row = await tx.record(
        f"""
        SELECT {WHY_NOT} AS code, coalesce((SELECT why_not FROM address WHERE id = $1), '') AS why
        FROM (SELECT $1::bigint AS address_id, $2::text AS purpose) AS d
        """,
        address_id,
        purpose,
    )
    if row is None or row["code"] is None:
        return Yes()
    return No(row["code"], words(row["code"], row["why"]))
