"""May we write to this address? The only answer, for composer, preview and the road out (DESIGN.md §4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from hub.deliveries.wording import words
from hub.plumbing.db import Tx

Purpose = Literal["service", "marketing"]

# NULL when `d` (a row with address_id, channel_id, purpose, window_until, leave_before, interest_id) may leave,
# else the code of the reason. It stands in the claim's WHERE, so that nothing leaves that was forbidden meanwhile
# (INVARIANTS §6). The newest row of the consent ledger counts, of this channel or of all; 'service' refused
# means the carrier itself blocks (STOP). Marketing needs a yes (*no_consent*: never a word, *opted_out*: a no), and an
# address that was compared with the list of the suppressed.
WHY_NOT = """
    CASE
        WHEN (SELECT NOT usable OR (unusable_on <> '{}' AND
                     (SELECT kind FROM channel WHERE channel.id = d.channel_id) = ANY(unusable_on))
              FROM address WHERE address.id = d.address_id) THEN 'unusable'
        WHEN (SELECT NOT granted FROM consent
              WHERE consent.address_id = d.address_id AND consent.purpose = 'service'
                AND (consent.channel_id IS NULL OR consent.channel_id = d.channel_id)
              ORDER BY consent.id DESC LIMIT 1) THEN 'opted_out'
        WHEN d.purpose = 'marketing' AND NOT coalesce(
             (SELECT granted FROM consent
              WHERE consent.address_id = d.address_id AND consent.purpose = 'marketing'
                AND (consent.channel_id IS NULL OR consent.channel_id = d.channel_id)
              ORDER BY consent.id DESC LIMIT 1), false)
             THEN CASE WHEN EXISTS (  -- a word, and no yes: they said no
                  SELECT FROM consent WHERE consent.address_id = d.address_id AND consent.purpose = 'marketing'
                    AND (consent.channel_id IS NULL OR consent.channel_id = d.channel_id))
             THEN 'opted_out' ELSE 'no_consent' END
        WHEN d.purpose = 'marketing' AND (SELECT NOT compared FROM address WHERE address.id = d.address_id)
             THEN 'not_compared'
        WHEN d.purpose = 'marketing' AND d.interest_id IS NOT NULL AND EXISTS (
             SELECT FROM interest_refusal AS i WHERE i.address_id = d.address_id AND i.interest_id = d.interest_id)
             THEN 'not_interested'
        WHEN d.window_until <= now() THEN 'window_closed'
        WHEN d.purpose = 'marketing' AND d.leave_before <= now() THEN 'quiet_hours'
    END
"""


class Yes(msgspec.Struct, frozen=True):
    """We may."""


class No(msgspec.Struct, frozen=True):
    """We may not; `code` is for programs, `reason` for people, in the language being spoken."""

    code: str
    reason: str


async def may_send(
    tx: Tx,
    address_id: int,
    purpose: Purpose,
    *,
    channel_id: int | None = None,
    window_until: datetime | None = None,
    interest_id: int | None = None,
) -> Yes | No:
    """Whether a message with this purpose may leave for this address now.

    `channel_id`: on which channel; without it only what holds everywhere counts. `window_until`: until when
    free text may go there (conversations/windows), None where there is no window. `interest_id`: what it is about.
    """
    row = await tx.record(
        f"""
        SELECT {WHY_NOT} AS code, coalesce((SELECT why_not FROM address WHERE id = $1), '') AS why
        FROM (SELECT $1::bigint AS address_id, $2::text AS purpose, $3::bigint AS channel_id,
                     $4::timestamptz AS window_until, NULL::timestamptz AS leave_before,
                     $5::bigint AS interest_id) AS d
        """,
        address_id,
        purpose,
        channel_id,
        window_until,
        interest_id,
    )
    if row is None or row["code"] is None:
        return Yes()
    return No(row["code"], words(row["code"], row["why"]))


async def set_windows(tx: Tx, windows: Mapping[int, datetime | None]) -> None:
    """Until when these deliveries (by id) may leave as free text; an approved text has no such end."""
    await tx.execute(
        """
        UPDATE delivery SET window_until = w.at
        FROM (SELECT id FROM delivery WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS held
        JOIN unnest($1::bigint[], $2::timestamptz[]) AS w (id, at) ON w.id = held.id
        WHERE delivery.id = held.id AND delivery.window_until IS NOT NULL
        """,
        list(windows),
        list(windows.values()),
    )
