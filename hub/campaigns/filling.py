"""The plan is filled in, some hundred people at once: by what way, from whom, what they read, when, what to look at.

`load` and `_look_up` read, `decide` is pure, `_write` stores. A worker that dies leaves its people as they were frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.campaigns import campaigns, holds, lists, policy, reaching, steps, worst_first
from hub.campaigns.campaigns import Campaign
from hub.campaigns.clock import Clock
from hub.campaigns.conditions import Definition, Listed
from hub.campaigns.reaching import Line, Way
from hub.campaigns.rendering import Content, render
from hub.campaigns.wording import Texts, used
from hub.customers import contact_hours, personalising, preferences
from hub.customers.contact_hours import Hours
from hub.customers.variables import Value, column
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.sandbox_rules import Misworded

AT_ONCE = 500
LINK = "unsubscribe.link"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all recipients. `texts` and their variables by step and variant; `lists` by id."""

    campaign: Campaign
    lines: list[Line]
    texts: dict[tuple[int, str], steps.Text]
    names: dict[tuple[int, str], frozenset[str]]
    clock: Clock
    start: datetime
    language: str
    interest_id: int | None
    lists: list[int]
    base_url: str
    crypto: Crypto

    @property
    def all_names(self) -> frozenset[str]:
        """Every variable some text uses."""
        return frozenset().union(*self.names.values())


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the plan to fill in, and what is known of its person. `before_at`: when the step before is due."""

    id: int
    contact_id: int
    step: int
    variant: str
    after_days: int
    before_at: datetime | None
    root_id: int | None
    language: str
    time_zone: str
    preferred: str
    owner_id: int | None


class World(msgspec.Struct, kw_only=True):
    """What was looked up for some of them, by root or contact; `dues` grows as they are decided."""

    ways: dict[int, list[Way]]
    held: dict[int, str]
    hours: dict[int, Hours]
    values: Mapping[int, Mapping[str, Value]]
    dues: dict[tuple[int, int], datetime | None]
    addresses: set[tuple[int, int]]


class Filled(msgspec.Struct, kw_only=True):
    """One row as it is stored."""

    id: int
    state: str = "excluded"
    reason: str = ""
    text_version: int | None = None
    address_id: int | None = None
    address: str | None = None
    channel_id: int | None = None
    sender_id: int | None = None
    language: str = ""
    time_zone: str = ""
    variables: dict[str, Any] | None = None
    hash: bytes | None = None
    flags: list[str] = []
    worst: int = 0
    due_at: datetime | None = None


async def load(tx: Tx, crypto: Crypto, base_url: str, campaign_id: int) -> Plan:
    """What is the same for all. Raises NotFound."""
    campaign = await campaigns.load(tx, campaign_id)
    row = await tx.record(
        "SELECT definition, starts_at, language, interest_id FROM campaign WHERE id = $1", campaign_id
    )
    assert row is not None
    texts = {
        (one.step, variant): text
        for one in await steps.listed(tx, campaign_id)
        for variant, text in one.texts.items()
    }
    return Plan(
        campaign=campaign,
        lines=await reaching.lines(tx, campaign.channel_ids),
        texts=texts,
        names={key: used(text) - {LINK} for key, text in texts.items()},
        clock=Clock(campaign.schedule, (await policy.load(tx)).house),
        start=row["starts_at"],
        language=row["language"],
        interest_id=row["interest_id"],
        lists=lists_of(msgspec.convert(row["definition"], Definition)) if row["definition"] else [],
        base_url=base_url,
        crypto=crypto,
    )


async def fill(tx: Tx, plan: Plan, after: int, until: int) -> int | None:
    """Fill in the next rows of the ids in (after, until]; the last one's id, None: nothing is left there."""
    rows = await tx.rows(Frozen, _FROZEN, plan.campaign.id, after, until, AT_ONCE)
    if not rows:
        return None
    world = await _look_up(tx, plan, rows)
    await _write(tx, [decide(plan, world, row) for row in rows])
    return rows[-1].id


def decide(plan: Plan, world: World, row: Frozen) -> Filled:
    """What becomes of one row: ready, or excluded with the code of why."""
    found = Filled(id=row.id, language=row.language, time_zone=row.time_zone)
    if row.root_id != row.contact_id:
        found.reason = "gone" if row.root_id is None else "merged"
        return found
    way = reaching.choose(plan.lines, world.ways.get(row.contact_id, ()), row.preferred)
    if isinstance(way, str):
        found.reason = way
        return found
    found.sender_id = sender_of(plan.campaign, row.owner_id)
    if (row.step, way.address_id) in world.addresses:
        found.reason = "same_address"
    elif row.variant == "":
        found.reason = "held_out"
    elif found.sender_id is None:
        found.reason = "no_sender"
    elif (due := _due(plan, world, row)) is None:
        found.reason = "no_hours"
    else:
        found.due_at = due
        world.addresses.add((row.step, way.address_id))
        found.address_id, found.address, found.channel_id = way.address_id, way.address, way.channel_id
        _say(plan, world, row, way, found)
    return found


def sender_of(campaign: Campaign, owner_id: int | None) -> int | None:
    """Who signs: the owner who can, where the campaign wants that, else whom it names."""
    return (owner_id if campaign.from_owner else None) or campaign.sender_id


def rendered(
    texts: Texts, variables: Mapping[str, Value], own: Mapping[str, str] | None, unsubscribe_url: str
) -> Content:
    """What one recipient reads, as it is approved and as it is sent. Raises Misworded."""
    return render(texts, {**variables, LINK: unsubscribe_url}, own)


def _say(plan: Plan, world: World, row: Frozen, way: Way, found: Filled) -> None:
    """What they read, frozen."""
    key = (row.step, row.variant)
    text, line = plan.texts[key], next(one for one in plan.lines if one.id == way.channel_id)
    known = world.values.get(row.contact_id, {})
    variables = {name: known[name] for name in plan.names[key] if name in known}
    url = preferences.unsubscribe_url(plan.base_url, plan.crypto, way.address_id, row.id)
    content: Content | None = None
    try:
        content = rendered(text, variables, None, url)
    except Misworded:  # with these values alone; the deck shows it first, and it cannot be approved
        content = None
    odd = bool(row.language and plan.language and row.language != plan.language)
    found.flags = worst_first.looked_at(
        content, line, held=world.held.get(row.contact_id, ""), shared=way.shared, odd=odd
    )
    found.worst = worst_first.how_bad(found.flags, content)
    found.state, found.text_version, found.variables = "ready", text.version, variables
    found.hash = content.hash if content is not None and not content.missing else None


def _due(plan: Plan, world: World, row: Frozen) -> datetime | None:
    own = world.hours.get(row.contact_id)
    if row.step == 1:
        due = plan.clock.due(row.time_zone, own, plan.start)
    else:
        before = world.dues.get((row.contact_id, row.step - 1), row.before_at)
        due = plan.clock.follows(row.time_zone, own, before, row.after_days) if before else None
    world.dues[row.contact_id, row.step] = due
    return due


async def _look_up(tx: Tx, plan: Plan, rows: Sequence[Frozen]) -> World:
    people = sorted({one.contact_id for one in rows if one.root_id == one.contact_id})
    senders = {one.contact_id: sender_of(plan.campaign, one.owner_id) for one in rows}
    names = plan.all_names
    values: dict[int, dict[str, Value]] = {}
    if names:
        values = await personalising.values_of(
            tx, people, agents=senders, names=names, language=plan.language
        )
    if plan.lists and any(name.startswith("list.") for name in names):
        for contact_id, fields in (await columns(tx, plan.lists, people)).items():
            values.setdefault(contact_id, {}).update(fields)
    taken = await tx.fetch(
        """
        SELECT o.step, o.address_id FROM contact c JOIN address a ON a.contact_id = c.id
        JOIN recipient o ON o.campaign_id = $1 AND o.step = ANY($3) AND o.address_id = a.id
        WHERE c.root_id = ANY($2)
        """,
        plan.campaign.id,
        people,
        sorted({one.step for one in rows}),
    )
    return World(
        ways=await reaching.look_up(tx, plan.lines, people, plan.interest_id),
        held=await holds.of_people(tx, people),
        hours=await contact_hours.of_contacts(tx, people),
        values=values,
        dues={},
        addresses={(row["step"], row["address_id"]) for row in taken},
    )


async def columns(tx: Tx, list_ids: Sequence[int], people: Sequence[int]) -> dict[int, dict[str, Value]]:
    """What the lists of the audience say of each root, by the name a wording uses; the newest list wins."""
    found: dict[int, dict[str, Value]] = {}
    for list_id in sorted(list_ids):
        for root_id, fields in (await lists.values_of(tx, list_id, people)).items():
            named = {column(slug): personalising.cleaned(value) for slug, value in fields.items()}
            found.setdefault(root_id, {}).update(named)
    return found


def lists_of(definition: Definition) -> list[int]:
    """The lists an audience asks for by name."""
    conditions = (one for group in definition.groups for one in group.all)
    return sorted({one.list for one in conditions if isinstance(one, Listed)})


async def _write(tx: Tx, filled: Sequence[Filled]) -> None:
    columns: dict[str, list[Any]] = {
        name: [getattr(one, name) for one in filled] for name in Filled.__struct_fields__
    }
    columns["flags"] = [" ".join(one) for one in columns["flags"]]
    await tx.execute(
        """
        UPDATE recipient SET state = w.state, reason = w.reason, text_version = w.text_version,
               address_id = w.address_id, address = w.address, channel_id = w.channel_id, sender_id = w.sender_id,
               language = w.language, time_zone = w.time_zone, variables = w.variables, hash = w.hash,
               flags = string_to_array(w.flags, ' '), worst = w.worst, due_at = w.due_at
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::bigint[],
                    $8::bigint[], $9::text[], $10::text[], $11::jsonb[], $12::bytea[], $13::text[], $14::smallint[],
                    $15::timestamptz[])
             AS w (id, state, reason, text_version, address_id, address, channel_id, sender_id, language, time_zone,
                   variables, hash, flags, worst, due_at)
        WHERE recipient.id = w.id AND recipient.state = 'frozen'
        """,
        *columns.values(),
    )


_FROZEN = """
    SELECT r.id, r.contact_id, r.step, r.variant, s.after_days, p.due_at AS before_at, c.root_id,
           coalesce(c.language, '') AS language, coalesce(c.time_zone, '') AS time_zone,
           coalesce(c.preferred_channel, '') AS preferred, w.id AS owner_id
    FROM (SELECT id, contact_id, campaign_id, step, variant FROM recipient
          WHERE campaign_id = $1 AND id > $2 AND id <= $3 AND state = 'frozen'
            AND EXISTS (SELECT FROM campaign k WHERE k.id = $1 AND k.state = 'preparing')
          ORDER BY id LIMIT $4 FOR NO KEY UPDATE) AS r
    JOIN campaign_step s ON s.campaign_id = r.campaign_id AND s.step = r.step
    LEFT JOIN recipient p ON p.contact_id = r.contact_id AND p.campaign_id = r.campaign_id AND p.step = r.step - 1
    LEFT JOIN contact c ON c.id = r.contact_id
    LEFT JOIN account o ON o.id = c.account_id AND c.account_standing = 'confirmed'
    LEFT JOIN agent w ON w.id = o.owner_id AND w.active
    ORDER BY r.id
"""
