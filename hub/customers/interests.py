"""What campaigns are about, in both languages: marketers keep the list, people say no to one and keep the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.channels.text import one_line
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _, language

LONGEST = 80
MOST = 30


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """One thing campaigns are about. `active` False: no new campaign, and no longer on people's pages."""

    id: int
    name_es: str
    name_en: str
    active: bool = True

    @property
    def name(self) -> str:
        """In the language being spoken."""
        return self.name_es if language().startswith("es") else self.name_en


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One no."""

    address_id: int
    interest: Interest
    at: datetime


async def listed(tx: Tx, *, active_only: bool = False) -> list[Interest]:
    """All, or those in use, in the order they were made."""
    return await tx.rows(
        Interest,
        "SELECT id, name_es, name_en, active FROM interest WHERE active OR NOT $1 ORDER BY id",
        active_only,
    )


async def create(tx: Tx, name_es: str, name_en: str, *, agent_id: int) -> Interest:
    """One more. Raises BadInput naming the field."""
    names = _checked(name_es, name_en)
    if await tx.value("SELECT count(*) FROM interest WHERE active") >= MOST:
        raise BadInput(_("That is enough to choose from: at most %(n)s.", n=MOST), field="name_es")
    id_: int = await tx.value("INSERT INTO interest (name_es, name_en) VALUES ($1, $2) RETURNING id", *names)
    await history.record(tx, "interest_created", agent_id=agent_id, interest_id=id_, names=names)
    return Interest(id=id_, name_es=names[0], name_en=names[1])


async def change(
    tx: Tx, interest_id: int, *, name_es: str, name_en: str, active: bool, agent_id: int
) -> Interest:
    """Other words, or out of use. Raises BadInput naming the field, NotFound."""
    names = _checked(name_es, name_en)
    done = await tx.execute(
        "UPDATE interest SET name_es = $2, name_en = $3, active = $4 WHERE id = $1",
        interest_id,
        *names,
        active,
    )
    if not done:
        raise NotFound(_("There is no such interest."))
    await history.record(
        tx, "interest_changed", agent_id=agent_id, interest_id=interest_id, names=names, active=active
    )
    return Interest(id=interest_id, name_es=names[0], name_en=names[1], active=active)


async def refused(tx: Tx, address_ids: Sequence[int]) -> dict[int, set[int]]:
    """Address id → the interests it said no to; only addresses that did."""
    found: dict[int, set[int]] = {}
    for row in await tx.fetch(
        "SELECT address_id, interest_id FROM interest_refusal WHERE address_id = ANY($1)", list(address_ids)
    ):
        found.setdefault(row["address_id"], set()).add(row["interest_id"])
    return found


async def refusals(tx: Tx, address_ids: Sequence[int]) -> list[Refusal]:
    """What these addresses said no to, for who reads it; the newest first."""
    return await tx.rows(
        Refusal,
        """
        SELECT r.address_id, r.at, to_jsonb(i) AS interest
        FROM interest_refusal r JOIN interest i ON i.id = r.interest_id
        WHERE r.address_id = ANY($1) ORDER BY r.at DESC, i.id
        """,
        list(address_ids),
    )


async def choose(tx: Tx, address_ids: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """These addresses want these of the interests in use and none of the others; which choices changed."""
    rows = await tx.fetch(
        """
        WITH lifted AS (
            DELETE FROM interest_refusal WHERE address_id = ANY($1) AND interest_id = ANY($2)
            RETURNING interest_id
        ), made AS (
            INSERT INTO interest_refusal (address_id, interest_id)
            SELECT address_id, interest.id FROM unnest($1::bigint[]) AS address_id
            CROSS JOIN interest WHERE interest.active AND interest.id <> ALL($2)
            ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING interest_id
        )
        SELECT interest_id FROM lifted UNION SELECT interest_id FROM made ORDER BY 1
        """,
        list(address_ids),
        list(wanted),
    )
    return [row["interest_id"] for row in rows]


def _checked(name_es: str, name_en: str) -> list[str]:
    names = [one_line(name_es), one_line(name_en)]
    for field, name in zip(("name_es", "name_en"), names, strict=True):
        if not name or len(name) > LONGEST:
            raise BadInput(_("It needs a name of at most %(n)s letters.", n=LONGEST), field=field)
    return names
