"""Whose letters are looked at before a draft is prepared: a bounded guess, so that a million people cost no more.

Windows of ids all over, who complains, who bought just now, who shares an address; the odd ones of them and others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from hub.campaigns import audience, segments
from hub.campaigns.compiling import where
from hub.campaigns.conditions import Definition
from hub.campaigns.statement import PEOPLE, Values
from hub.plumbing.db import Tx
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub

SAMPLED, OF_EACH = 300, 40
WINDOWS, WINDOW = 4, 750
PROBED = 500
FEW = 40
"""So few in all windows: they are rare, and asked for by what they fit."""
LONGEST = "700ms"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who fits, and what may make their letter odd."""

    id: int
    name: str
    language: str


async def whom(hub: Hub, definition: Definition) -> tuple[list[int], str]:
    """Some hundred who fit, by id, and the language most of them speak. Raises BadInput, Unavailable."""
    async with hub.transaction() as tx:
        seen = await _seen(tx, definition)
        odd = await _probed(tx, definition)
    if len(seen) < FEW:
        seen += await _rare(hub, definition)
    spoken = Counter(one.language for one in seen if one.language).most_common(1)
    language = spoken[0][0] if spoken else ""
    return sorted({*odd, *chosen(seen, language)}), language


def chosen(seen: Sequence[Seen], language: str) -> set[int]:
    """Whom to look at: no name, the shortest and longest names, other languages, and some of the others."""
    by_length = sorted(seen, key=lambda one: (len(one.name), one.id))
    others = [one for one in seen if one.language and one.language != language]
    picked = {one.id for one in (*by_length[:OF_EACH], *by_length[-OF_EACH:], *others[:OF_EACH])}
    rest = [one.id for one in seen if one.id not in picked]
    room = max(0, SAMPLED - len(picked))
    return picked | set(rest[:: max(1, -(-len(rest) // room))] if room else ())


async def _seen(tx: Tx, definition: Definition) -> list[Seen]:
    """Whoever fits in a few windows of ids, from the first to the last."""
    values = Values(segments=await segments.nested(tx, definition), probing=True)
    fits = where(definition, values)
    windows = f"""
        SELECT DISTINCT r.id, r.name, coalesce(r.language, '') AS language
        FROM (SELECT least(lowest + n * greatest((highest - lowest) / {WINDOWS:d}, {WINDOW:d}), highest + 1) AS begins
              FROM (SELECT min(id) AS lowest, max(id) AS highest FROM contact) ends,
                   generate_series(0, {WINDOWS - 1:d}) AS n) w
        CROSS JOIN LATERAL (SELECT * FROM contact WHERE NOT merged AND id >= w.begins ORDER BY id LIMIT {WINDOW:d}) r
        LEFT JOIN account o ON o.id = r.account_id AND r.account_standing = 'confirmed'
        WHERE {fits}
        """
    async with audience.bounded(tx, by_keys=True):
        return await tx.rows(Seen, windows, *values)


async def _probed(tx: Tx, definition: Definition) -> list[int]:
    """Who fits of those who complain, bought just now, or share an address: the newest of each."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT c.root_id FROM contact c WHERE c.id IN (
            (SELECT v.contact_id FROM (SELECT * FROM conversation WHERE state = 'open' AND joined_into_id IS NULL
                                       ORDER BY last_message_at DESC LIMIT 3000) v CROSS JOIN campaign_policy p
             WHERE v.priority = ANY(p.complaint_priorities)
                OR EXISTS (SELECT FROM unnest(v.tags) AS t (tag) WHERE lower(t.tag) = ANY(p.complaint_tags)) LIMIT $1)
            UNION ALL
            (SELECT b.contact_id FROM (SELECT * FROM purchase ORDER BY id DESC LIMIT 3000) b
             CROSS JOIN campaign_policy p WHERE b.bought_at > now() - make_interval(days => p.hold_days) LIMIT $1)
            UNION ALL
            (SELECT contact_id FROM address WHERE shared LIMIT $1))
        """,
        PROBED,
    )
    values = Values(segments=await segments.nested(tx, definition), probing=True)
    fits = where(definition, values)
    some = f"""
        SELECT r.id FROM {PEOPLE} WHERE r.id = ANY({values.put([row["root_id"] for row in rows], "bigint[]")})
          AND {fits} ORDER BY r.id DESC LIMIT {3 * OF_EACH:d}
        """
    async with audience.bounded(tx, by_keys=True):
        return [row["id"] for row in await tx.fetch(some, *values)]


async def _rare(hub: Hub, definition: Definition) -> list[Seen]:
    """Some of those who are rare among all; nobody where finding them takes too long: this is a look, not a count."""
    try:
        async with hub.transaction() as tx:
            values = Values(segments=await segments.nested(tx, definition))
            some = f"""
                SELECT r.id, r.name, coalesce(r.language, '') AS language
                FROM {PEOPLE} WHERE {where(definition, values)} ORDER BY r.id LIMIT {SAMPLED:d}
                """
            async with audience.bounded(tx):
                await tx.execute("SELECT set_config('statement_timeout', $1, true)", LONGEST)
                return await tx.rows(Seen, some, *values)
    except Unavailable:
        return []
