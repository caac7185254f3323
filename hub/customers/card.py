"""The customer beside a conversation: the person, how to reach them, their account, who owns it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.customers.usability import trouble
from hub.plumbing.db import Tx


class CardAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A proven way to reach the contact. `refused`: the purposes they said no to, on some channel or everywhere."""

    type: str
    value: str
    verified: bool
    usable: bool
    why_not: str
    unusable_on: list[str] = []
    shared: bool
    refused: list[str] = []

    @property
    def trouble(self) -> str:
        """Why it does not work, in the language being spoken; "" for one that does."""
        return trouble(self.usable, self.why_not, self.unusable_on)


class CustomerCard(msgspec.Struct, frozen=True, kw_only=True):
    """One contact with their account. `owner_until`: the owner is away until then."""

    id: int
    name: str
    job_title: str
    language: str
    notes: str
    account_id: int | None
    account_name: str | None
    account_standing: str
    tier: str | None
    owner_id: int | None
    owner_name: str | None
    owner_until: datetime | None
    deputy_id: int | None
    deputy_name: str | None
    addresses: list[CardAddress]


async def card(tx: Tx, contact_id: int) -> CustomerCard | None:
    """The card of a contact's merge root, with the addresses of everybody merged into it."""
    return await tx.row(
        CustomerCard,
        """
        SELECT r.id, r.name, r.job_title, r.language, r.notes, r.account_id, o.name AS account_name,
               r.account_standing, o.tier, w.id AS owner_id, w.name AS owner_name,
               (SELECT max(b.ends_at) FROM absence b
                WHERE b.agent_id = w.id AND b.starts_at <= now() AND b.ends_at > now()
                  AND b.ended_at IS NULL) AS owner_until,
               d.id AS deputy_id, d.name AS deputy_name,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('type', a.type, 'value', a.value,
                        'verified', a.verified, 'usable', a.usable, 'why_not', a.why_not, 'shared', a.shared,
                        'unusable_on', a.unusable_on,
                        'refused', (SELECT coalesce(jsonb_agg(DISTINCT w.purpose), '[]') FROM (
                            SELECT DISTINCT ON (k.purpose, k.channel_id) k.purpose, k.granted FROM consent k
                            WHERE k.address_id = a.id ORDER BY k.purpose, k.channel_id, k.id DESC) w
                            WHERE NOT w.granted))
                        ORDER BY a.id), '[]')
                FROM (SELECT a.* FROM address a JOIN contact m ON m.id = a.contact_id
                      WHERE m.root_id = r.id ORDER BY a.id LIMIT 50) a) AS addresses
        FROM contact c
        JOIN contact r ON r.id = c.root_id
        LEFT JOIN account o ON o.id = r.account_id
        LEFT JOIN agent w ON w.id = o.owner_id
        LEFT JOIN agent d ON d.id = o.deputy_id
        WHERE c.id = $1
        """,
        contact_id,
    )


class AccountCard(msgspec.Struct, frozen=True, kw_only=True):
    """An account as every card of its people shows it."""

    account_id: int
    account_name: str
    tier: str
    owner_id: int | None
    owner_name: str | None
    owner_until: datetime | None
    deputy_id: int | None
    deputy_name: str | None


async def accounts(tx: Tx, account_ids: Sequence[int]) -> list[AccountCard]:
    """The accounts with their people, in no order."""
    return await tx.rows(
        AccountCard,
        """
        SELECT o.id AS account_id, o.name AS account_name, o.tier, w.id AS owner_id, w.name AS owner_name,
               (SELECT max(b.ends_at) FROM absence b
                WHERE b.agent_id = w.id AND b.starts_at <= now() AND b.ends_at > now()
                  AND b.ended_at IS NULL) AS owner_until,
               d.id AS deputy_id, d.name AS deputy_name
        FROM account o LEFT JOIN agent w ON w.id = o.owner_id LEFT JOIN agent d ON d.id = o.deputy_id
        WHERE o.id = ANY($1::bigint[])
        """,
        list(account_ids),
    )
