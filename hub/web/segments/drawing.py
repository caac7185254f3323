"""How the builder and the audience look: rows with their choices, numbers with their reasons, conditions in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from babel import Locale

from hub.agents import people
from hub.campaigns import audience
from hub.campaigns.audience import Counted, Sampled
from hub.campaigns.conditions import Definition
from hub.channels import connections
from hub.channels.registry import adapter
from hub.customers import products
from hub.plumbing.db import Tx
from hub.plumbing.errors import Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_, _, language
from hub.web.segments.asking import TABLE, Part
from hub.web.segments.rows import Read, Typed, Typeds, asked_of, parts_of, shown
from hub.web.segments.views import AudienceView, BuilderView, Options, PartView, RowView, SampleView

Choices = dict[str, Options]
SPOKEN = ("es", "en", "ca", "eu", "gl", "fr", "pt", "de", "it", "nl", "pl", "ro", "ar", "zh")
CURRENCIES = ("EUR", "USD", "GBP", "MXN", "ARS", "BRL", "COP", "CLP", "PEN", "CHF")
RELATIONS = {
    "client": N_("Client"),
    "prospect": N_("Prospect"),
    "supplier": N_("Supplier"),
    "competitor": N_("Competitor"),
    "partner": N_("Partner"),
}
KINDS = {
    "organisation": N_("Organisation"),
    "household": N_("Household"),
    "person": N_("A single person"),
}
TYPES = {"email": N_("Email"), "phone": N_("Telephone"), "fax": N_("Fax")}
PURPOSES = {"marketing": N_("Marketing"), "service": N_("Service")}
WHOSE = {"person": N_("The person"), "account": N_("Their account")}
REASONS = {
    "no_address": N_("without any address"),
    "unusable": N_("without an address that works"),
    "opted_out": N_("who said stop"),
    "no_consent": N_("who never said yes"),
}
MOST_PRODUCTS = 200


async def choices(tx: Tx) -> Choices:
    """What the builder's lists offer, in the reader's language."""
    names = Locale(language()).languages
    kinds = await connections.kinds(tx)
    types = [(one, type_name(one)) for one in dict.fromkeys(adapter(kind).can.address_type for kind in kinds)]
    return {
        "agents": [(str(one.id), one.name) for one in await people.every(tx)],
        "products": [(str(one.id), one.name) for one in await products.listed(tx, most=MOST_PRODUCTS)],
        "languages": [(code, names.get(code, code)) for code in SPOKEN],
        "relations": _worded(RELATIONS),
        "kinds": _worded(KINDS),
        "purposes": _worded(PURPOSES),
        "whose": _worded(WHOSE),
        "currencies": [(code, code) for code in CURRENCIES],
        "types": types,
        "types_or_any": [("", _("Any of them")), *types],
    }


def type_name(type_: str) -> str:
    """What people call a type of address."""
    return _(TYPES[type_]) if type_ in TYPES else type_


def builder(
    groups: Typeds,
    found: Choices,
    errors: dict[tuple[int, int], str],
    *,
    fresh: tuple[int, int] | None = None,
) -> BuilderView:
    """The rows as they are typed; `errors` are shown on theirs, the `fresh` one gets the focus."""
    drawn = [
        [_row(row, g, n, found, errors.get((g, n), ""), fresh == (g, n)) for n, row in enumerate(rows)]
        for g, rows in enumerate(groups)
    ]
    headed = groupby(TABLE, key=lambda asked: asked.group)
    fields = [(_(heading), [(one.key, _(one.label)) for one in few]) for heading, few in headed]
    return BuilderView(groups=drawn, fields=fields)


async def reached(hub: Hub, asked: Read, found: Choices) -> AudienceView:
    """Who fits now. In a transaction of its own, whose limits end with it."""
    try:
        async with hub.transaction() as tx:
            counted = await audience.count(tx, asked.definition)
            sample = await audience.sample(tx, asked.definition)
    except Unavailable as error:
        return AudienceView(total=0, permitted=0, by_type=[], excluded=[], sample=[], error=error.message)
    return _audience(counted, sample, why(asked.definition, found), len(asked.errors))


def why(definition: Definition, found: Choices) -> list[str]:
    """Each group as one sentence."""
    return [" · ".join(_words(row, found) for row in rows) for rows in shown(definition)]


def in_words(definition: Definition, found: Choices) -> str:
    """The whole definition in a line."""
    return _(" — or ").join(why(definition, found)) or _("Everybody")


def _audience(
    counted: Counted, sample: Sequence[Sampled], sentences: list[str], incomplete: int
) -> AudienceView:
    return AudienceView(
        total=counted.total,
        permitted=counted.permitted,
        by_type=[
            (type_name(one), n) for one, n in sorted(counted.by_type.items(), key=lambda item: -item[1])
        ],
        excluded=[
            (_(words), counted.excluded[code]) for code, words in REASONS.items() if code in counted.excluded
        ],
        sample=[
            SampleView(
                id=one.id,
                name=one.name,
                account_name=one.account_name,
                why=[sentences[g] for g in one.groups],
            )
            for one in sample
        ],
        incomplete=incomplete,
    )


def _row(row: Typed, g: int, n: int, found: Choices, error: str, fresh: bool) -> RowView:
    if row.raw:
        return RowView(at=f"{g}.{n}", raw=row.raw, words=_words(row, found), error=error)
    asked, operator = asked_of(row)
    return RowView(
        at=f"{g}.{n}",
        field=asked.key,
        operator=operator.key,
        operators=[(one.key, _(one.label)) for one in asked.operators],
        parts=[_part(part, f"c.{g}.{n}.{part.name}", row, found) for part in parts_of(asked, operator)],
        error=error,
        fresh=fresh,
    )


def _part(part: Part, name: str, row: Typed, found: Choices) -> PartView:
    values = row.values.get(part.name, [])
    options = found.get(part.choices, [])
    known = {value for value, _name in options}
    return PartView(
        name=name,
        label=_(part.label),
        how=part.how,
        value=values[-1] if values else "",
        values=values,
        options=[*options, *((one, one) for one in values if one not in known and part.choices)],
        unit=_(part.unit) if part.unit else "",
        hint=_(part.hint) if part.hint else "",
        needed=part.needed,
    )


def _words(row: Typed, found: Choices) -> str:
    if row.raw:
        return _("A condition made elsewhere")
    asked, operator = asked_of(row)
    told = [_(asked.label), _(operator.label)]
    for part in parts_of(asked, operator):
        values = row.values.get(part.name, [])
        names = dict(found.get(part.choices, []))
        shown_as = ", ".join(names.get(one, one) for one in values if one)
        if not shown_as or (part.how == "choice" and values[-1] == "person"):
            continue
        if part.how == "check":
            told.append(_(part.label).lower())
        elif part.needed or part.name == "type":
            told.append(f"{shown_as} {_(part.unit) if part.unit else ''}".strip())
        else:
            told.append(f"{_(part.label).lower()} {shown_as} {_(part.unit) if part.unit else ''}".strip())
    return " ".join(told)


def _worded(names: dict[str, str]) -> Options:
    return [(key, _(name)) for key, name in names.items()]
