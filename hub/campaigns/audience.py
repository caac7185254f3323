"""Who fits a definition: how many, how they can be reached, why the others cannot, a sample, and the frozen list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from hub.campaigns.compiling import PEOPLE, Values, group, where
from hub.campaigns.conditions import Definition
from hub.plumbing.db import Tx
from hub.plumbing.errors import Unavailable
from hub.plumbing.texts import _

SAMPLE = 20
LONGEST = "20s"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """`total` people; `permitted` may get marketing, `by_type` on which type of address.

    `excluded`: the others by reason: no_address, unusable, opted_out, no_consent. They add up to the total.
    """

    total: int
    permitted: int
    by_type: dict[str, int]
    excluded: dict[str, int]


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """One person who fits, with the groups (from 0) they fit."""

    id: int
    name: str
    account_name: str | None
    groups: list[int]


async def count(tx: Tx, definition: Definition) -> Counted:
    """Everybody who fits, and whether and where marketing may reach them.

    The newest word of an address counts, on whichever channel it was said; the road out asks again, by channel.
    """
    values = Values()
    counting = f"""
        WITH audience AS MATERIALIZED (SELECT r.id FROM {PEOPLE} WHERE {where(definition, values)}),
        said AS (
            SELECT address_id, max(id * 2 + granted::int) FILTER (WHERE purpose = 'marketing') % 2 AS marketing,
                   max(id * 2 + granted::int) FILTER (WHERE purpose = 'service') % 2 AS service
            FROM consent GROUP BY address_id
        ),
        ways AS (
            SELECT coalesce(g.root_id, a.contact_id) AS id, a.type,
                   CASE WHEN NOT a.usable THEN 2 WHEN service = 0 OR marketing = 0 THEN 3
                        WHEN marketing = 1 AND a.compared THEN 5 ELSE 4 END AS standing
            FROM address a LEFT JOIN (SELECT id, root_id FROM contact WHERE root_id <> id) g ON g.id = a.contact_id
            LEFT JOIN said ON said.address_id = a.id
        ),
        best AS (
            SELECT u.id, w.type, coalesce(max(w.standing), 1) AS standing
            FROM audience u LEFT JOIN ways w ON w.id = u.id GROUP BY u.id, w.type
        ),
        people AS (SELECT id, max(standing) AS standing FROM best GROUP BY id)
        SELECT '' AS type, standing, count(*) AS n FROM people GROUP BY standing
        UNION ALL
        SELECT type, standing, count(*) FROM best WHERE standing = 5 GROUP BY type, standing
        """
    async with bounded(tx):
        rows = await tx.fetch(counting, *values)
    people = {row["standing"]: row["n"] for row in rows if row["type"] == ""}
    reasons = {1: "no_address", 2: "unusable", 3: "opted_out", 4: "no_consent"}
    return Counted(
        total=sum(people.values()),
        permitted=people.get(5, 0),
        by_type={row["type"]: row["n"] for row in rows if row["type"]},
        excluded={reason: people[standing] for standing, reason in reasons.items() if standing in people},
    )


async def sample(tx: Tx, definition: Definition, *, most: int = SAMPLE) -> list[Sampled]:
    """The first people who fit, by id, with the groups they fit."""
    values = Values()
    fitting = where(definition, values)
    fits = [f"CASE WHEN {group(one, values)} THEN {n} END" for n, one in enumerate(definition.groups)]
    groups = f"array_remove(ARRAY[{', '.join(fits)}]::int[], NULL)"
    first = f"""
        SELECT r.id, r.name, o.name AS account_name, {groups} AS groups
        FROM {PEOPLE} WHERE {fitting} ORDER BY r.id LIMIT {values.put(most, "int")}
        """
    async with bounded(tx):
        return await tx.rows(Sampled, first, *values)


async def freeze(tx: Tx, definition: Definition) -> int:
    """Put everybody who fits into the transaction's own table `frozen_audience (contact_id)`; how many."""
    values = Values()
    everybody = f"INSERT INTO frozen_audience SELECT r.id FROM {PEOPLE} WHERE {where(definition, values)}"
    await tx.execute("CREATE TEMP TABLE frozen_audience (contact_id bigint NOT NULL) ON COMMIT DROP")
    async with bounded(tx):
        return await tx.execute(everybody, *values)


@asynccontextmanager
async def bounded(tx: Tx) -> AsyncIterator[None]:
    """Memory for the sets of a million people, and an end to what takes too long. Raises Unavailable then.

    Both hold until the end of the transaction.
    """
    await tx.execute(
        "SELECT set_config('work_mem', '128MB', true), set_config('statement_timeout', $1, true)", LONGEST
    )
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise Unavailable(_("Finding these people takes too long: ask for less at once.")) from error
