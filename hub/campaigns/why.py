"""A definition in people's words: one sentence a group, for the sample, the pages and whoever asks "why me?"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch

import msgspec
from babel import Locale

from hub.campaigns.conditions import (
    Account,
    Answered,
    Campaigned,
    Consent,
    Conversation,
    Definition,
    InSegment,
    Known,
    Listed,
    Owes,
    Owner,
    Person,
    Purchases,
    Reachable,
    Role,
    Tag,
)
from hub.conversations.labels import PRIORITIES
from hub.customers.accounts import KINDS, RELATIONS
from hub.customers.consent import PURPOSES
from hub.customers.roles import ROLES
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _, language

FIELDS = {
    "name": N_("name"),
    "job_title": N_("position"),
    "language": N_("language"),
    "time_zone": N_("time zone"),
    "preferred_channel": N_("preferred channel"),
    "external_id": N_("external id"),
    "tier": N_("tier"),
    "relation": N_("relation"),
    "kind": N_("kind"),
}
CAMPAIGNED = {
    "got": (N_("got %(campaign)s"), N_("did not get %(campaign)s")),
    "answered": (N_("answered %(campaign)s"), N_("did not get or not answer %(campaign)s")),
    "silent": (N_("got %(campaign)s and did not answer"), N_("answered or did not get %(campaign)s")),
    "clicked": (N_("followed a link of %(campaign)s"), N_("followed no link of %(campaign)s")),
}


class Names(msgspec.Struct, frozen=True):
    """What the ids of a definition are called."""

    agents: dict[int, str]
    accounts: dict[int, str]
    products: dict[int, str]
    segments: dict[int, str]
    lists: dict[int, str]
    campaigns: dict[int, str]


async def why(tx: Tx, definition: Definition) -> list[str]:
    """Each group as one sentence, in the language being spoken; everybody is one sentence too."""
    if not definition.groups:
        return [_("everybody")]
    names = await named(tx, definition)
    return [", ".join(sentence(one, names) for one in group.all) for group in definition.groups]


async def named(tx: Tx, definition: Definition) -> Names:
    """The names of all it mentions by id."""
    every = [one for group in definition.groups for one in group.all]
    return Names(
        agents=await _names(
            tx,
            "SELECT id, name FROM agent WHERE id = ANY($1)",
            (id_ for one in every if isinstance(one, Owner) for id_ in one.any_of or ()),
        ),
        accounts=await _names(
            tx,
            "SELECT id, name FROM account WHERE id = ANY($1)",
            (id_ for one in every if isinstance(one, Role) for id_ in one.accounts or ()),
        ),
        products=await _names(
            tx,
            "SELECT id, name FROM product WHERE id = ANY($1)",
            (id_ for one in every if isinstance(one, Purchases) for id_ in one.products),
        ),
        segments=await _names(
            tx,
            "SELECT id, name FROM segment WHERE id = ANY($1)",
            (one.segment for one in every if isinstance(one, InSegment)),
        ),
        lists=await _names(
            tx,
            "SELECT id, name FROM contact_list WHERE id = ANY($1)",
            (one.list for one in every if isinstance(one, Listed)),
        ),
        campaigns=await _names(
            tx,
            "SELECT id, name FROM campaign WHERE id = ANY($1)",
            (one.campaign for one in every if isinstance(one, Campaigned) and one.campaign),
        ),
    )


async def _names(tx: Tx, sql: str, ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(ids))
    return {row["id"]: row["name"] for row in await tx.fetch(sql, wanted)} if wanted else {}


@singledispatch
def sentence(condition: object, names: Names) -> str:
    """One condition in words. Raises TypeError for what is none."""
    raise TypeError(f"no condition: {condition!r}")


@sentence.register
def _person(one: Person, names: Names) -> str:
    spoken = Locale(language()).languages if one.field == "language" else {}
    return _field(_(FIELDS[one.field]), one.any_of, one.no, spoken)


@sentence.register
def _account(one: Account, names: Names) -> str:
    field = _("%(field)s of their account", field=_(FIELDS[one.field]))
    known = {"relation": RELATIONS, "kind": KINDS}.get(one.field, {})
    return _field(field, one.any_of, one.no, {key: _(name).lower() for key, name in known.items()})


def _field(field: str, any_of: Sequence[str] | None, no: bool, worded: Mapping[str, str]) -> str:
    if any_of is None:
        return (
            _("the %(field)s is not known", field=field) if no else _("the %(field)s is known", field=field)
        )
    values = _either(worded.get(value, value) for value in any_of)
    if no:
        return _("the %(field)s is not %(values)s", field=field, values=values)
    return _("the %(field)s is %(values)s", field=field, values=values)


@sentence.register
def _known(one: Known, names: Names) -> str:
    if one.no:
        return _("known to us for more than %(days)s days", days=one.days)
    return _("known to us for at most %(days)s days", days=one.days)


@sentence.register
def _tag(one: Tag, names: Names) -> str:
    if one.any_of is None:
        return _("has no tag") if one.no else _("has a tag")
    values = _either(one.any_of)
    return _("not tagged %(tags)s", tags=values) if one.no else _("tagged %(tags)s", tags=values)


@sentence.register
def _owner(one: Owner, names: Names) -> str:
    if one.any_of is None:
        return _("nobody owns their account") if one.no else _("somebody owns their account")
    who = _either(_called(names.agents, id_) for id_ in one.any_of)
    if one.no:
        return _("their account is not owned by %(agents)s", agents=who)
    return _("their account is owned by %(agents)s", agents=who)


@sentence.register
def _role(one: Role, names: Names) -> str:
    role = _either(_(ROLES[role]).lower() for role in one.any_of or ROLES)
    where = _("any account")
    if one.accounts:
        where = _either(_called(names.accounts, id_) for id_ in one.accounts)
    if one.no:
        return _("not %(role)s at %(accounts)s", role=role, accounts=where)
    return _("%(role)s at %(accounts)s", role=role, accounts=where)


@sentence.register
def _purchases(one: Purchases, names: Names) -> str:
    what = _either(_called(names.products, id_) for id_ in one.products) or _("something")
    if one.categories:
        what = _("%(what)s of %(categories)s", what=what, categories=_either(one.categories))
    if one.measure == "total":
        sum_ = f"{one.at_least:f} {one.currency}"
        words = _("bought %(what)s for %(sum)s or more", what=what, sum=sum_)
        if one.no:
            words = _("did not buy %(what)s for %(sum)s or more", what=what, sum=sum_)
    elif one.at_least > 1:
        times = f"{one.at_least:f}"
        words = _("bought %(what)s %(n)s times or more", what=what, n=times)
        if one.no:
            words = _("did not buy %(what)s %(n)s times or more", what=what, n=times)
    else:
        words = _("did not buy %(what)s", what=what) if one.no else _("bought %(what)s", what=what)
    words = _lately(words, one.days)
    return _("counting the whole account: %(words)s", words=words) if one.whose == "account" else words


@sentence.register
def _owes(one: Owes, names: Names) -> str:
    return _("owes nothing that is due") if one.no else _("owes something that is due")


@sentence.register
def _conversation(one: Conversation, names: Names) -> str:
    what = _("an open conversation") if one.open else _("a conversation")
    if one.waiting:
        what = _("%(what)s that waits for us", what=what)
    if one.priorities:
        from_ = _either(_(PRIORITIES[each]).lower() for each in one.priorities)
        what = _("%(what)s of priority %(priorities)s", what=what, priorities=from_)
    if one.tag:
        what = _("%(what)s tagged %(tags)s", what=what, tags=_quoted(one.tag))
    words = _("does not have %(what)s", what=what) if one.no else _("has %(what)s", what=what)
    return _lately(words, one.days)


@sentence.register
def _answered(one: Answered, names: Names) -> str:
    if one.by == "them":
        words = _("did not write to us") if one.no else _("wrote to us")
    else:
        words = _("we did not write to them") if one.no else _("we wrote to them")
    return _lately(words, one.days)


@sentence.register
def _campaigned(one: Campaigned, names: Names) -> str:
    campaign = _("a campaign")
    if one.campaign is not None:
        campaign = _called(names.campaigns, one.campaign)
    return _lately(_(CAMPAIGNED[one.what][one.no], campaign=campaign), one.days)


@sentence.register
def _consent(one: Consent, names: Names) -> str:
    what = _quoted(_(PURPOSES[one.purpose]))
    if one.type:
        what = _("%(what)s by %(way)s", what=what, way=one.type)
    return _("did not agree to %(what)s", what=what) if one.no else _("agreed to %(what)s", what=what)


@sentence.register
def _reachable(one: Reachable, names: Names) -> str:
    if one.no:
        return _("cannot be reached by %(way)s", way=one.type)
    return _("can be reached by %(way)s", way=one.type)


@sentence.register
def _in_segment(one: InSegment, names: Names) -> str:
    name = _called(names.segments, one.segment)
    return _("not in the segment %(name)s", name=name) if one.no else _("in the segment %(name)s", name=name)


@sentence.register
def _listed(one: Listed, names: Names) -> str:
    name = _called(names.lists, one.list)
    words = _("not in the list %(name)s", name=name) if one.no else _("in the list %(name)s", name=name)
    if not one.column:
        return words
    return _(
        "%(words)s where %(column)s is %(values)s",
        words=words,
        column=_quoted(one.column),
        values=_either(one.any_of or [_("filled in")]),
    )


def _lately(words: str, days: int | None) -> str:
    return words if days is None else _("%(words)s in the last %(days)s days", words=words, days=days)


def _called(names: dict[int, str], id_: int) -> str:
    return _quoted(names.get(id_, f"#{id_}"))


def _quoted(text: str) -> str:
    return f"“{text}”"


def _either(values: Iterable[str]) -> str:
    every = list(values)
    return _(" or ").join(every[:5]) + (" …" if len(every) > 5 else "")
