"""The worst letters a draft would send, before anybody is frozen: of some hundred real people of its audience.

Whom to look at is a bounded guess (worst_people). What each would read is exact, as `filling` works it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from hub.campaigns import campaigns, filling, holds, reaching, segments, worst_first, worst_people
from hub.campaigns.campaigns import Campaign
from hub.campaigns.reaching import Line, Way
from hub.campaigns.rendering import Content
from hub.campaigns.wording import Texts, used
from hub.customers import personalising, preferences
from hub.customers.variables import Value
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

SHOWN = 12
CALM = 4
"""Where nothing is odd, so many letters are shown all the same."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked at, as `filling` knows them."""

    id: int
    name: str
    account_name: str
    language: str
    preferred: str
    owner_id: int | None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One letter. `flags`: what the deck warns of, and `longest`; `content` None: `trouble` says why not."""

    contact_id: int
    contact_name: str
    account_name: str
    address: str
    channel_id: int
    language: str
    flags: list[str]
    worst: int
    content: Content | None
    trouble: str = ""


async def worst_cases(hub: Hub, campaign_id: int, texts: Texts, *, most: int = SHOWN) -> list[Case]:
    """These words as the worst of the audience would read them, worst first, of every kind some.

    Raises NotFound, BadInput(segment_id, channel_ids) without audience or channel.
    """
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, campaign_id)
        lines = await reaching.lines(tx, campaign.channel_ids)
        if campaign.segment_id is None:
            raise BadInput(_("Choose who gets it"), field="segment_id")
        if not lines:
            raise BadInput(_("Choose a channel"), field="channel_ids")
        definition = (await segments.load(tx, campaign.segment_id)).definition
    ids, language = await worst_people.whom(hub, definition)
    async with hub.transaction() as tx:
        found = await _letters(tx, hub, campaign, lines, texts, ids, language, filling.lists_of(definition))
    return worst(found, most)


def worst(found: Sequence[Case], most: int) -> list[Case]:
    """The worst, but not all of one kind: first some of each, then whoever is left of those with a warning."""
    if not found:
        return []
    longest = max(found, key=_length)
    every = [
        msgspec.structs.replace(one, flags=[*one.flags, "longest"]) if one is longest else one
        for one in found
    ]
    every.sort(key=lambda one: (-one.worst, -_length(one), one.contact_id))
    share = max(1, most // 6)
    taken: Counter[str] = Counter()
    first: list[Case] = []
    for one in every:
        if any(taken[flag] < share for flag in one.flags):
            first.append(one)
            taken.update(one.flags)
    flagged = [one for one in every if one.flags and one not in first]
    calm = [one for one in every if not one.flags][: max(0, CALM - len(first) - len(flagged))]
    picked = (first + flagged + calm)[:most]
    return sorted(picked, key=every.index)


def _length(one: Case) -> int:
    return len(one.content.text) + len(one.content.subject) if one.content else 0


async def _letters(
    tx: Tx,
    hub: Hub,
    campaign: Campaign,
    lines: list[Line],
    texts: Texts,
    ids: list[int],
    language: str,
    lists: list[int],
) -> list[Case]:
    """What each of these would read now; who would get nothing is left out."""
    people = await tx.rows(
        Person,
        """
        SELECT r.id, r.name, coalesce(o.name, '') AS account_name, coalesce(r.language, '') AS language,
               coalesce(r.preferred_channel, '') AS preferred, w.id AS owner_id
        FROM contact r LEFT JOIN account o ON o.id = r.account_id AND r.account_standing = 'confirmed'
        LEFT JOIN agent w ON w.id = o.owner_id AND w.active
        WHERE r.id = ANY($1) ORDER BY r.id
        """,
        ids,
    )
    ways = await reaching.look_up(tx, lines, ids, campaign.interest_id)
    held = await holds.of_people(tx, ids)
    values = await _values(tx, campaign, texts, people, language, lists)
    found = []
    for one in people:
        way = reaching.choose(lines, ways.get(one.id, ()), one.preferred)
        if isinstance(way, Way):
            line = next(each for each in lines if each.id == way.channel_id)
            odd = bool(one.language and language and one.language != language)
            url = preferences.unsubscribe_url(hub.settings.base_url, hub.crypto, way.address_id)
            content, trouble = _written(texts, values.get(one.id, {}), url)
            flags = worst_first.looked_at(
                content, line, held=held.get(one.id, ""), shared=way.shared, odd=odd
            )
            found.append(
                Case(
                    contact_id=one.id,
                    contact_name=one.name,
                    account_name=one.account_name,
                    address=way.address,
                    channel_id=way.channel_id,
                    language=one.language,
                    flags=flags,
                    worst=worst_first.how_bad(flags, content),
                    content=content,
                    trouble=trouble,
                )
            )
    return found


def _written(texts: Texts, values: dict[str, Value], url: str) -> tuple[Content | None, str]:
    try:
        return filling.rendered(texts, values, None, url), ""
    except Misworded as error:
        return None, error.message


async def _values(
    tx: Tx, campaign: Campaign, texts: Texts, people: Sequence[Person], language: str, lists: list[int]
) -> dict[int, dict[str, Value]]:
    names = used(texts) - {filling.LINK}
    ids = [one.id for one in people]
    senders = {one.id: filling.sender_of(campaign, one.owner_id) for one in people}
    values = await personalising.values_of(tx, ids, agents=senders, names=names, language=language)
    if lists and any(name.startswith("list.") for name in names):
        for id_, fields in (await filling.columns(tx, lists, ids)).items():
            values.setdefault(id_, {}).update(fields)
    return values
