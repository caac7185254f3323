"""Who fits a definition: how many, how they can be reached, why the others cannot, a sample, and the frozen list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from hub.campaigns.compiling import group, where
from hub.campaigns.conditions import Definition
from hub.campaigns.segments import nested
from hub.campaigns.statement import PEOPLE, STALE, Values
from hub.campaigns.why import why
from hub.customers.rolling_up import REACH_NOW
from hub.plumbing.db import Tx
from hub.plumbing.errors import Unavailable
from hub.plumbing.texts import _

SAMPLE = 20
WINDOW = 3000
FIRST = PEOPLE.replace(
    "contact r", f"(SELECT * FROM contact WHERE NOT merged ORDER BY id LIMIT {WINDOW:d}) r"
)
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
    """One person who fits, with the groups (from 0) they fit, and each of these in words."""

    id: int
    name: str
    account_name: str | None
    groups: list[int]
    why: list[str] = []


class _Bundle(msgspec.Struct, frozen=True):
    """So many people of one standing; `first` are a few of them, `moved` all whose standing is being rolled up."""

    standing: str
    reached_by: list[str]
    n: int
    first: list[int] = []
    moved: list[int] | None = None


async def count(tx: Tx, definition: Definition) -> Counted:
    """Everybody who fits, and whether and where marketing may reach them. Raises BadInput, Unavailable.

    The newest word of an address counts, on whichever channel it was said; the road out asks again, by channel.
    """
    return (await _counted(tx, definition))[0]


async def survey(tx: Tx, definition: Definition, *, most: int = SAMPLE) -> tuple[Counted, list[Sampled]]:
    """The same with some of the people, for little more than the count alone costs."""
    counted, some = await _counted(tx, definition)
    return counted, await _described(tx, definition, some[:most])


async def sample(tx: Tx, definition: Definition, *, most: int = SAMPLE) -> list[Sampled]:
    """The first people who fit, by id. Where they are rare this takes as long as freezing them."""
    values = Values(segments=await nested(tx, definition), probing=True)
    some = f"""
        SELECT r.id FROM {FIRST} WHERE {where(definition, values)} ORDER BY r.id LIMIT {values.put(most, "int")}
        """
    async with bounded(tx, by_keys=True):
        found = await tx.fetch(some, *values)
    if len(found) < most:
        values = Values(segments=values.segments)
        first = f"""
            SELECT r.id FROM {PEOPLE} WHERE {where(definition, values)} ORDER BY r.id LIMIT {values.put(most, "int")}
            """
        async with bounded(tx):
            found = await tx.fetch(first, *values)
    return await _described(tx, definition, [row["id"] for row in found])


async def freeze(tx: Tx, definition: Definition) -> int:
    """Put everybody who fits into the transaction's own table `frozen_audience (contact_id)`, once; how many."""
    values = Values(segments=await nested(tx, definition))
    everybody = f"INSERT INTO frozen_audience SELECT r.id FROM {PEOPLE} WHERE {where(definition, values)}"
    await tx.execute("CREATE TEMP TABLE frozen_audience (contact_id bigint NOT NULL) ON COMMIT DROP")
    async with bounded(tx):
        return await tx.execute(everybody, *values)


async def _counted(tx: Tx, definition: Definition) -> tuple[Counted, list[int]]:
    values = Values(segments=await nested(tx, definition))
    counting = f"""
        WITH moved AS MATERIALIZED ({STALE})
        SELECT CASE WHEN r.id IN (SELECT root_id FROM moved) THEN '' ELSE r.standing END AS standing, r.reached_by,
               count(*) AS n, (array_agg(r.id))[1:{SAMPLE:d}] AS first,
               array_agg(r.id) FILTER (WHERE r.id IN (SELECT root_id FROM moved)) AS moved
        FROM {PEOPLE} WHERE {where(definition, values)} GROUP BY 1, 2
        """
    async with bounded(tx):
        found = await tx.rows(_Bundle, counting, *values)
        moved = [id_ for one in found for id_ in one.moved or ()]
        now = await _standing_of(tx, moved) if moved else []
    some = sorted(id_ for one in found for id_ in one.first)
    return _summed([*(one for one in found if one.standing), *now]), some


async def _standing_of(tx: Tx, roots: Sequence[int]) -> list[_Bundle]:
    """Those whose roll-up is not redone yet, out of their own rows."""
    return await tx.rows(
        _Bundle,
        f"""
        WITH moved AS MATERIALIZED (SELECT id FROM unnest($1::bigint[]) AS w (id))
        SELECT standing, reached_by, count(*) AS n FROM ({REACH_NOW}) AS now GROUP BY 1, 2
        """,
        roots,
    )


def _summed(bundles: Iterable[_Bundle]) -> Counted:
    by_standing: dict[str, int] = {}
    by_type: dict[str, int] = {}
    for one in bundles:
        by_standing[one.standing] = by_standing.get(one.standing, 0) + one.n
        for type_ in one.reached_by:
            by_type[type_] = by_type.get(type_, 0) + one.n
    permitted = by_standing.pop("permitted", 0)
    total = permitted + sum(by_standing.values())
    return Counted(total=total, permitted=permitted, by_type=by_type, excluded=by_standing)


async def _described(tx: Tx, definition: Definition, ids: Sequence[int]) -> list[Sampled]:
    """These people, by id, each with the groups they fit and why."""
    values = Values(segments=await nested(tx, definition), probing=True)
    fits = [f"CASE WHEN {group(one, values)} THEN {n} END" for n, one in enumerate(definition.groups)]
    described = f"""
        SELECT r.id, r.name, o.name AS account_name, array_remove(ARRAY[{", ".join(fits)}]::int[], NULL) AS groups
        FROM {PEOPLE} WHERE r.id = ANY({values.put(list(ids), "bigint[]")}) ORDER BY r.id
        """
    async with bounded(tx, by_keys=True):
        found = await tx.rows(Sampled, described, *values)
    words = await why(tx, definition)
    return [
        msgspec.structs.replace(one, why=[words[n] for n in one.groups] if one.groups else words[:1])
        for one in found
    ]


@asynccontextmanager
async def bounded(tx: Tx, *, by_keys: bool = False) -> AsyncIterator[None]:
    """Memory for the sets of a million people, and an end to what takes too long. Raises Unavailable then.

    What comes after it in the transaction has its own limits again. `by_keys`: for few people, found by index.
    """
    before = await tx.record(
        "SELECT current_setting('work_mem') AS work_mem, current_setting('statement_timeout') AS longest"
    )
    assert before is not None
    await _set(tx, "128MB", LONGEST, "off" if by_keys else "on")
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise Unavailable(_("Finding these people takes too long: ask for less at once.")) from error
    await _set(tx, before["work_mem"], before["longest"], "on")


async def _set(tx: Tx, work_mem: str, longest: str, joins_of_all: str) -> None:
    await tx.execute(
        """
        SELECT set_config('work_mem', $1, true), set_config('statement_timeout', $2, true),
               set_config('enable_hashjoin', $3, true), set_config('enable_mergejoin', $3, true)
        """,
        work_mem,
        longest,
        joins_of_all,
    )
