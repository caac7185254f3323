"""Wishes that come with a file: a yes for whoever said nothing yet, a no for everybody who says it.

A file never gives back what somebody took (promise 69): who opted out stays out, however often the list comes again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.customers.consent import Wish, record
from hub.plumbing.db import Tx


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """The newest word about marketing of one address, on whichever channel: yes, no, or None; `stopped`: all of it."""

    address_id: int
    type: str
    value: str
    marketing: bool | None
    stopped: bool

    @property
    def refused(self) -> bool:
        """They said no."""
        return self.marketing is False or self.stopped

    @property
    def silent(self) -> bool:
        """They said nothing about it."""
        return self.marketing is None and not self.stopped


async def words_of(tx: Tx, addresses: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Word]:
    """By (type, value), for those of these addresses that are known."""
    found = await tx.rows(
        Word,
        """
        SELECT a.id AS address_id, a.type, a.value,
               (SELECT granted FROM consent k WHERE k.address_id = a.id AND k.purpose = 'marketing'
                ORDER BY k.id DESC LIMIT 1) AS marketing,
               coalesce((SELECT NOT granted FROM consent k WHERE k.address_id = a.id AND k.purpose = 'service'
                         ORDER BY k.id DESC LIMIT 1), false) AS stopped
        FROM unnest($1::text[], $2::text[]) AS w (type, value) JOIN address a USING (type, value)
        """,
        [type_ for type_, _value in addresses],
        [value for _type, value in addresses],
    )
    return {(one.type, one.value): one for one in found}


async def agree(
    tx: Tx, addresses: Sequence[tuple[str, str]], *, proof: str, agent_id: int | None
) -> tuple[int, int]:
    """A yes to marketing of these addresses; how many are new, and how many had said no and keep it.

    Their contact must be locked, as importing does, so that no stop word comes between the look and the row.
    """
    words = (await words_of(tx, addresses)).values()
    fresh = [one.address_id for one in words if one.silent]
    await record(tx, [_wish(id_, True, proof, agent_id) for id_ in fresh])
    return len(fresh), sum(one.refused for one in words)


async def refuse(tx: Tx, addresses: Sequence[tuple[str, str]], *, proof: str, agent_id: int | None) -> None:
    """A no to marketing of these addresses, where the newest word is another."""
    words = (await words_of(tx, addresses)).values()
    fresh = [one.address_id for one in words if one.marketing is not False]
    await record(tx, [_wish(id_, False, proof, agent_id) for id_ in fresh])


def _wish(address_id: int, granted: bool, proof: str, agent_id: int | None) -> Wish:
    return Wish(
        address_id=address_id,
        purpose="marketing",
        granted=granted,
        source="import",
        proof=proof,
        agent_id=agent_id,
    )
