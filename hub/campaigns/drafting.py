"""Two people at one draft: what each changed is kept; where both changed the same, nothing is stored and one chooses.

A form says what it had read (`Reading`). What others changed since is in the history of the campaign, which its row's
lock keeps in order; what the same page stored itself overtakes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from hub.campaigns import campaigns, steps
from hub.campaigns.campaigns import Change
from hub.campaigns.steps import SAID, Wanted
from hub.channels.text import one_line
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.texts import _

NESTED = ("schedule", "experiment")
"""Fields whose parts are looked at one by one."""
S = TypeVar("S", bound=msgspec.Struct)
Flat = dict[str, Any]


class Reading(msgspec.Struct, frozen=True):
    """What a form shows: the campaign's `version` (0: whatever it is now), and the opened `page` it stands on."""

    version: int = 0
    page: str = ""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody else did to one field since: how it stood before, who and when last."""

    field: str
    before: Any
    agent_name: str
    at: datetime


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A field that both changed: what is stored, what the form wants, who stored it and when."""

    field: str
    theirs: Any
    mine: Any
    agent_name: str
    at: datetime


class Kept(msgspec.Struct, frozen=True):
    """What the form may call its version from now on, and what stands otherwise than it shows."""

    version: int
    others: list[Other]


class Overtaken(Conflict):
    """Somebody else changed the same fields since; nothing was stored."""

    code = "overtaken"

    def __init__(self, clashes: list[Clash]) -> None:
        who = clashes[0].agent_name or _("Somebody else")
        super().__init__(
            _("%(name)s changed this too. Yours is not saved yet.", name=who), field=clashes[0].field
        )
        self.clashes = clashes


async def change(
    tx: Tx,
    campaign_id: int,
    wanted: Change,
    reading: Reading,
    *,
    agent_id: int,
    give_way: Collection[str] = (),
) -> Kept:
    """Change a draft; of the fields of `give_way` what is stored stays. Raises Overtaken, and what campaigns does."""
    stored = await campaigns.lock(tx, campaign_id)
    given = wanted.given()
    mine = _flat(given)
    if "name" in mine:
        mine["name"] = one_line(mine["name"])
    theirs = _flat({name: getattr(stored, name) for name in given})
    others = await _plans(tx, campaign_id, reading)
    agreed, kept = _agreed(mine, theirs, others, give_way)
    try:
        merged = msgspec.convert(_nested(agreed), Change)
    except msgspec.ValidationError as error:  # each is right alone, both together are not
        raise Overtaken([_clash(one, mine, theirs) for one in kept]) from error
    after = await campaigns.change(tx, campaign_id, merged, agent_id=agent_id, page=reading.page)
    return Kept(reading.version if kept else after.version, kept)


async def say(
    tx: Tx,
    campaign_id: int,
    wanted: Wanted,
    reading: Reading,
    *,
    step: int,
    variant: str,
    agent_id: int,
    give_way: Collection[str] = (),
) -> Kept:
    """The same as `change` for what a step says; words that stand there already are no new version."""
    campaign = await campaigns.lock(tx, campaign_id)
    campaigns.must_be_editable(campaign)
    await steps.must_be_there(tx, campaign_id, step, variant, wanted.approved_text_id)
    stored = await steps.newest(tx, campaign_id, step, variant)
    theirs = _words(stored or Wanted())
    others = await _texts(tx, campaign_id, step, variant, reading)
    agreed, kept = _agreed(_words(steps.checked(wanted)), theirs, others, give_way)
    version = campaign.version
    if agreed != theirs:
        said = msgspec.convert(agreed, Wanted)
        await steps.say(
            tx, campaign_id, said, step=step, variant=variant, agent_id=agent_id, page=reading.page
        )
        version += 1
    return Kept(reading.version if kept else version, kept)


def _agreed(
    mine: Flat, theirs: Flat, others: Mapping[str, Other], give_way: Collection[str]
) -> tuple[Flat, list[Other]]:
    """What to store, and what of it others changed and the form did not. Raises Overtaken."""
    agreed, kept, clashes = dict(mine), [], []
    for field, other in others.items():
        if field not in mine or mine[field] == theirs[field] or theirs[field] == other.before:
            continue
        if field in give_way:
            continue
        if mine[field] == other.before:
            agreed[field] = theirs[field]
            kept.append(other)
        else:
            clashes.append(_clash(other, mine, theirs))
    if clashes:
        raise Overtaken(clashes)
    return agreed | {field: theirs[field] for field in give_way if field in mine}, kept


def _clash(other: Other, mine: Flat, theirs: Flat) -> Clash:
    return Clash(
        field=other.field,
        theirs=theirs[other.field],
        mine=mine[other.field],
        agent_name=other.agent_name,
        at=other.at,
    )


async def _plans(tx: Tx, campaign_id: int, reading: Reading) -> dict[str, Other]:
    """What others changed of the plan, by field."""
    found: dict[str, Other] = {}
    for row in await _changes(tx, campaign_id, reading):
        before, after = _flat(row["details"].get("before", {})), _flat(row["details"].get("after", {}))
        for field in (name for name in after if after[name] != before.get(name)):
            _note(found, field, before.get(field), row)
    return found


async def _texts(tx: Tx, campaign_id: int, step: int, variant: str, reading: Reading) -> dict[str, Other]:
    """What others changed of one wording, by field."""
    found: dict[str, Other] = {}
    before: dict[int, Flat] = {1: _words(Wanted())}  # by the version that came then
    for row in await _changes(tx, campaign_id, reading):
        told = row["details"]
        if (told.get("step"), told.get("variant")) != (step, variant):
            continue
        for field in told["texts"]:
            version = told["text_version"]
            if field not in found and version not in before:
                before[version] = _words(await steps.text(tx, campaign_id, step, variant, version - 1))
            _note(found, field, before.get(version, {}).get(field), row)
    return found


async def _changes(tx: Tx, campaign_id: int, reading: Reading) -> list[Any]:
    if not reading.version:
        return []
    return await tx.fetch(
        """
        SELECT coalesce(g.name, '') AS agent_name, h.at, h.details FROM history h LEFT JOIN agent g ON g.id = h.agent_id
        WHERE h.details ? 'campaign_id' AND (h.details->>'campaign_id')::bigint = $1 AND h.verb = 'campaign_changed'
          AND (h.details->>'version')::int > $2 AND h.details->>'page' IS DISTINCT FROM $3
        ORDER BY h.id
        """,
        campaign_id,
        reading.version,
        reading.page,
    )


def _note(found: dict[str, Other], field: str, before: Any, row: Any) -> None:
    first = found.get(field)
    found[field] = Other(
        field=field,
        before=first.before if first else before,
        agent_name=row["agent_name"],
        at=row["at"],
    )


def _words(texts: Wanted) -> Flat:
    return {name: getattr(texts, name) for name in SAID}


def _flat(values: Mapping[str, Any]) -> Flat:
    """As plain values, the parts of the nested ones by names with a dot."""
    found: Flat = {}
    for name, value in msgspec.to_builtins(values).items():
        found |= {f"{name}.{part}": one for part, one in value.items()} if name in NESTED else {name: value}
    return found


def _nested(values: Flat) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        head, dot, part = name.partition(".")
        if dot:
            found.setdefault(head, {})[part] = value
        else:
            found[name] = value
    return found
