"""How the builder and the audience look: rows with their choices, numbers with their reasons, conditions in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from babel import Locale

from hub.agents import people
from hub.campaigns import audience, campaigns, lists, segments, why
from hub.campaigns.audience import Counted, Sampled
from hub.campaigns.conditions import Definition
from hub.channels import connections
from hub.channels.registry import adapter
from hub.conversations.labels import PRIORITIES
from hub.customers import accounts, products
from hub.customers.roles import ROLES
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_, _, language
from hub.web.segments.asking import TABLE, Part
from hub.web.segments.rows import Read, Typed, Typeds, asked_of, parts_of, read
from hub.web.segments.views import AudienceView, BuilderView, Options, PartView, RowView, SampleView

Choices = dict[str, Options]
SPOKEN = ("es", "en", "ca", "eu", "gl", "fr", "pt", "de", "it", "nl", "pl", "ro", "ar", "zh")
CURRENCIES = ("EUR", "USD", "GBP", "MXN", "ARS", "BRL", "COP", "CLP", "PEN", "CHF")
TYPES = {"email": N_("Email"), "phone": N_("Telephone"), "fax": N_("Fax")}
PURPOSES = {"marketing": N_("Marketing"), "service": N_("Service")}
WHOSE = {"person": N_("The person"), "account": N_("Their account")}
ANSWERERS = {"them": N_("They to us"), "us": N_("We to them")}
CAMPAIGNED = {
    "got": N_("They got it"),
    "answered": N_("They answered"),
    "silent": N_("They got it and did not answer"),
    "clicked": N_("They followed a link"),
}
REASONS = {
    "no_address": N_("without any address"),
    "unusable": N_("without an address that works"),
    "opted_out": N_("who said stop"),
    "no_consent": N_("who never said yes"),
}
MOST_LISTED = 200


async def choices(tx: Tx) -> Choices:
    """What the builder's lists offer, in the reader's language."""
    names = Locale(language()).languages
    kinds = await connections.kinds(tx)
    types = [(one, type_name(one)) for one in dict.fromkeys(adapter(kind).can.address_type for kind in kinds)]
    return {
        "agents": [(str(one.id), one.name) for one in await people.every(tx)],
        "products": [(str(one.id), one.name) for one in await products.listed(tx, most=MOST_LISTED)],
        "languages": [(code, names.get(code, code)) for code in SPOKEN],
        "relations": _worded(accounts.RELATIONS),
        "kinds": _worded(accounts.KINDS),
        "roles": _worded(ROLES),
        "priorities": _worded(PRIORITIES),
        "accounts": [(str(one.id), one.name) for one in await accounts.listed(tx, most=MOST_LISTED)],
        "segments": [(str(one.id), one.name) for one in await segments.listed(tx, most=MOST_LISTED)],
        "lists": [(str(one.id), one.name) for one in await lists.listed(tx, most=MOST_LISTED)],
        "campaigns": [
            ("", _("Any of them")),
            *((str(one.id), one.name) for one in await campaigns.listed(tx, most=MOST_LISTED)),
        ],
        "campaigned": _worded(CAMPAIGNED),
        "answerers": _worded(ANSWERERS),
        "purposes": _worded(PURPOSES),
        "whose": _worded(WHOSE),
        "currencies": [(code, code) for code in CURRENCIES],
        "types": types,
        "types_or_any": [("", _("Any of them")), *types],
    }


def type_name(type_: str) -> str:
    """What people call a type of address."""
    return _(TYPES[type_]) if type_ in TYPES else type_


async def builder(
    tx: Tx,
    groups: Typeds,
    errors: dict[tuple[int, int], str],
    *,
    fresh: tuple[int, int] | None = None,
) -> BuilderView:
    """The rows as they are typed; `errors` are shown on theirs, the `fresh` one gets the focus."""
    found = await choices(tx)
    drawn = [
        [
            _row(row, g, n, found, errors.get((g, n), ""), fresh == (g, n))
            if not row.raw
            else RowView(at=f"{g}.{n}", raw=row.raw, words=await _kept(tx, row), error=errors.get((g, n), ""))
            for n, row in enumerate(rows)
        ]
        for g, rows in enumerate(groups)
    ]
    headed = groupby(TABLE, key=lambda asked: asked.group)
    fields = [(_(heading), [(one.key, _(one.label)) for one in few]) for heading, few in headed]
    return BuilderView(groups=drawn, fields=fields)


async def _kept(tx: Tx, row: Typed) -> str:
    """The words of a condition the builder cannot show."""
    definition = read([[row]]).definition
    return (await why.why(tx, definition))[0] if definition.groups else ""


async def reached(hub: Hub, asked: Read) -> AudienceView:
    """Who fits now. In a transaction of its own, whose limits end with it."""
    try:
        async with hub.transaction() as tx:
            counted, sample = await audience.survey(tx, asked.definition)
    except (BadInput, Unavailable) as error:
        return AudienceView(total=0, permitted=0, by_type=[], excluded=[], sample=[], error=error.message)
    return _audience(counted, sample, len(asked.errors))


async def in_words(tx: Tx, definition: Definition) -> str:
    """The whole definition in a line."""
    return _(" — or ").join(await why.why(tx, definition))


def _audience(counted: Counted, sample: Sequence[Sampled], incomplete: int) -> AudienceView:
    by_type = sorted(counted.by_type.items(), key=lambda item: -item[1])
    return AudienceView(
        total=counted.total,
        permitted=counted.permitted,
        by_type=[(type_name(one), n) for one, n in by_type],
        excluded=[
            (_(words), counted.excluded[code]) for code, words in REASONS.items() if code in counted.excluded
        ],
        sample=[
            SampleView(id=one.id, name=one.name, account_name=one.account_name, why=one.why) for one in sample
        ],
        incomplete=incomplete,
    )


def _row(row: Typed, g: int, n: int, found: Choices, error: str, fresh: bool) -> RowView:
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


def _worded(names: dict[str, str]) -> Options:
    return [(key, _(name)) for key, name in names.items()]
