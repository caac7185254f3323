"""The worst letters a draft would send, before anybody is frozen: of some hundred real people of its audience.

Whom to look at is a bounded guess (worst_people). What each would read is exact, as `filling` works it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from hub.campaigns import campaigns, filling, holds, reaching, segments, worst_first, worst_people
from hub.campaigns.approved_words import as_read, body_of
from hub.campaigns.campaigns import Campaign
from hub.campaigns.conditions import Definition
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
    """One letter. `flags`: what the deck warns of, and `longest`; `content` None: `trouble` says why not.

    `subject`, `said`: what is read on their channel, an approved text with its blanks filled.
    """

    contact_id: int
    contact_name: str
    account_name: str
    address: str
    channel_id: int
    flags: list[str]
    worst: int
    content: Content | None
    subject: str = ""
    said: str = ""
    trouble: str = ""


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all letters. `body`: of the approved text; `lists`: of the audience, by id."""

    campaign: Campaign
    lines: list[Line]
    definition: Definition
    texts: Texts
    body: str

    @property
    def lists(self) -> list[int]:
        return filling.lists_of(self.definition)


async def worst_cases(hub: Hub, campaign_id: int, texts: Texts, *, most: int = SHOWN) -> list[Case]:
    """These words as the worst of the audience would read them, worst first, of every kind some.

    Raises NotFound, BadInput(segment_id, channel_ids) without audience or channel.
    """
    async with hub.transaction() as tx:
        draft = await _load(tx, campaign_id, texts)
    ids, language = await worst_people.whom(hub, draft.definition)
    async with hub.transaction() as tx:
        found = await _letters(tx, hub, draft, ids, language)
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


async def _load(tx: Tx, campaign_id: int, texts: Texts) -> _Draft:
    campaign = await campaigns.load(tx, campaign_id)
    lines = await reaching.lines(tx, campaign.channel_ids)
    if campaign.segment_id is None:
        raise BadInput(_("Choose who gets it"), field="segment_id")
    if not lines:
        raise BadInput(_("Choose a channel"), field="channel_ids")
    return _Draft(
        campaign=campaign,
        lines=lines,
        definition=(await segments.load(tx, campaign.segment_id)).definition,
        texts=texts,
        body=await body_of(tx, texts),
    )


async def _letters(tx: Tx, hub: Hub, draft: _Draft, ids: list[int], language: str) -> list[Case]:
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
    ways = await reaching.look_up(tx, draft.lines, ids, draft.campaign.interest_id)
    held = await holds.of_people(tx, ids)
    values = await _values(tx, draft, people, language)
    found = []
    for one in people:
        way = reaching.choose(draft.lines, ways.get(one.id, ()), one.preferred)
        if isinstance(way, Way):
            url = preferences.unsubscribe_url(hub.settings.base_url, hub.crypto, way.address_id)
            letter = _written(draft.texts, values.get(one.id, {}), url)
            odd = bool(one.language and language and one.language != language)
            found.append(_case(draft, one, way, letter, held=held.get(one.id, ""), odd=odd))
    return found


def _case(
    draft: _Draft, one: Person, way: Way, letter: tuple[Content | None, str], *, held: str, odd: bool
) -> Case:
    content, trouble = letter
    line = next(each for each in draft.lines if each.id == way.channel_id)
    flags = worst_first.looked_at(content, line, held=held, shared=way.shared, odd=odd)
    return Case(
        contact_id=one.id,
        contact_name=one.name,
        account_name=one.account_name,
        address=way.address,
        channel_id=way.channel_id,
        flags=flags,
        worst=worst_first.how_bad(flags, content),
        content=content,
        subject=content.subject if content and line.can.subject else "",
        said=as_read(content, line.can, draft.body) if content else "",
        trouble=trouble,
    )


def _written(texts: Texts, values: dict[str, Value], url: str) -> tuple[Content | None, str]:
    try:
        return filling.rendered(texts, values, None, url), ""
    except Misworded as error:
        return None, error.message


async def _values(
    tx: Tx, draft: _Draft, people: Sequence[Person], language: str
) -> dict[int, dict[str, Value]]:
    names = used(draft.texts) - {filling.LINK}
    ids = [one.id for one in people]
    senders = {one.id: filling.sender_of(draft.campaign, one.owner_id) for one in people}
    values = await personalising.values_of(tx, ids, agents=senders, names=names, language=language)
    if draft.lists and any(name.startswith("list.") for name in names):
        for id_, fields in (await filling.columns(tx, draft.lists, ids)).items():
            values.setdefault(id_, {}).update(fields)
    return values
