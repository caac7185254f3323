"""Saved audiences: a name, a definition of condition groups, and every version there was."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns.compiling import where
from hub.campaigns.conditions import Definition, segments_in
from hub.campaigns.statement import Values
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A saved audience; `version` counts from 1, `agent_name` made this version."""

    id: int
    name: str
    definition: Definition
    version: int
    agent_name: str | None
    changed_at: datetime


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version there was, when it was made and by whom."""

    version: int
    at: datetime
    agent_name: str | None


SELECTED = """
    SELECT s.id, s.name, s.definition, s.version, a.name AS agent_name, s.changed_at
    FROM segment s LEFT JOIN agent a ON a.id = s.agent_id
"""


async def load(tx: Tx, segment_id: int) -> Segment:
    """One segment. Raises NotFound."""
    found = await tx.row(Segment, f"{SELECTED} WHERE s.id = $1", segment_id)
    if found is None:
        raise NotFound(_("There is no such segment."))
    return found


async def listed(tx: Tx, *, text: str = "", after: int = 0, most: int = 50) -> list[Segment]:
    """Segments by id after `after`, whose name holds `text`."""
    return await tx.rows(
        Segment,
        f"""
        {SELECTED} WHERE s.id > $1 AND ($2 = '' OR plain(s.name) LIKE '%' || plain($2) || '%')
        ORDER BY s.id LIMIT $3
        """,
        after,
        text.replace("\\", "").replace("%", r"\%").replace("_", r"\_"),
        most,
    )


async def version(tx: Tx, segment_id: int, number: int) -> Definition:
    """The definition a version had. Raises NotFound."""
    found = await tx.value(
        "SELECT definition FROM segment_version WHERE segment_id = $1 AND version = $2", segment_id, number
    )
    if found is None:
        raise NotFound(_("This segment has no such version."))
    return msgspec.convert(found, Definition)


async def versions(tx: Tx, segment_id: int, *, most: int = 50) -> list[Version]:
    """The versions there were, the newest first."""
    return await tx.rows(
        Version,
        """
        SELECT v.version, v.at, a.name AS agent_name
        FROM segment_version v LEFT JOIN agent a ON a.id = v.agent_id
        WHERE v.segment_id = $1 ORDER BY v.version DESC LIMIT $2
        """,
        segment_id,
        most,
    )


async def nested(tx: Tx, definition: Definition) -> dict[int, Definition]:
    """The segments it names, and those they name, by id. Raises BadInput(definition) for one there is not."""
    found: dict[int, Definition] = {}
    wanted = segments_in(definition)
    while wanted:
        rows = await tx.fetch("SELECT id, definition FROM segment WHERE id = ANY($1)", sorted(wanted))
        if len(rows) < len(wanted):
            raise BadInput(_("There is no such segment."), field="definition")
        fresh = {row["id"]: msgspec.convert(row["definition"], Definition) for row in rows}
        found |= fresh
        wanted = {id_ for one in fresh.values() for id_ in segments_in(one)} - found.keys()
    return found


async def create(tx: Tx, *, name: str, definition: Definition, agent_id: int | None = None) -> Segment:
    """A new segment, version 1. Raises BadInput(name, definition), Conflict(name)."""
    await _must_end(tx, definition)
    id_: int | None = await tx.value(
        """
        INSERT INTO segment (name, definition, agent_id) VALUES ($1, $2, $3)
        ON CONFLICT (lower(name)) DO NOTHING RETURNING id
        """,
        _checked(name),
        msgspec.to_builtins(definition),
        agent_id,
    )
    if id_ is None:
        raise Conflict(_("Another segment has this name."), field="name")
    await _keep_version(tx, id_)
    await history.record(tx, "segment_created", agent_id=agent_id, segment=id_)
    return await load(tx, id_)


async def change(
    tx: Tx,
    segment_id: int,
    *,
    name: str | None = None,
    definition: Definition | None = None,
    version: int | None = None,
    agent_id: int | None = None,
) -> Segment:
    """Change name or definition; another definition is another version. Raises NotFound, BadInput, Conflict.

    `version`: the one that was read; another one since, which says something else, is a Conflict(version).
    """
    await tx.execute("SELECT id FROM segment WHERE id = $1 FOR NO KEY UPDATE", segment_id)
    before = await load(tx, segment_id)
    if version not in (None, before.version) and definition not in (None, before.definition):
        who = before.agent_name or _("Somebody else")
        raise Conflict(_("%(name)s changed this segment meanwhile.", name=who), field="version")
    wanted = before.name if name is None else _checked(name)
    if await tx.value(
        "SELECT id FROM segment WHERE lower(name) = lower($1) AND id <> $2", wanted, segment_id
    ):
        raise Conflict(_("Another segment has this name."), field="name")
    if definition is not None:
        await _must_end(tx, definition, segment_id)
    newer = definition is not None and definition != before.definition
    await tx.execute(
        """
        UPDATE segment SET name = $2, definition = $3, version = version + $4, agent_id = $5, changed_at = now()
        WHERE id = $1
        """,
        segment_id,
        wanted,
        msgspec.to_builtins(before.definition if definition is None else definition),
        int(newer),
        agent_id,
    )
    await _keep_version(tx, segment_id)
    await history.record(tx, "segment_changed", agent_id=agent_id, segment=segment_id)
    return await load(tx, segment_id)


async def _must_end(tx: Tx, definition: Definition, own_id: int = 0) -> None:
    """Raises BadInput(definition) when it would contain itself, or too much. Two who save at once see neither other:

    what comes of that is refused when it is asked (compiling), as what grew too deep by a change further in.
    """
    inner = await nested(tx, definition)
    if own_id in inner:
        raise BadInput(_("A segment cannot contain itself."), field="definition")
    where(definition, Values(segments=inner))


async def _keep_version(tx: Tx, segment_id: int) -> None:
    await tx.execute(
        """
        INSERT INTO segment_version (segment_id, version, definition, agent_id)
        SELECT id, version, definition, agent_id FROM segment WHERE id = $1 ON CONFLICT DO NOTHING
        """,
        segment_id,
    )


def _checked(name: str) -> str:
    if not name.strip():
        raise BadInput(_("The segment needs a name."), field="name")
    return name.strip()[:200]
