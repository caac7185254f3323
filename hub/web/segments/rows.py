"""The rows of the builder: from what was typed to conditions, and back; what it cannot show is kept as it is."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hub.campaigns.conditions import Condition, Definition, Group
from hub.customers.money import read_amount
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.forms import Form, misfit
from hub.web.segments.asking import BY_KEY, TABLE, Asked, Operator, Part

NAME = re.compile(r"c\.(\d{1,2})\.(\d{1,2})\.([a-z_]{1,20})")
MOST_GROUPS = MOST_ROWS = 12


class Typed(msgspec.Struct):
    """One row as it was typed: the field and operator by key, the values by part. `raw`: a condition kept whole."""

    field: str = ""
    op: str = ""
    values: dict[str, list[str]] = {}
    raw: str = ""


Typeds = list[list[Typed]]


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows mean; a row that is not complete counts nowhere and stands in `errors` by (group, row)."""

    definition: Definition
    errors: dict[tuple[int, int], str]


def typed(form: Form) -> Typeds:
    """The groups of rows in a form, in their order."""
    found: dict[int, dict[int, Typed]] = {}
    for key in dict.fromkeys(form.keys()):
        if (named := NAME.fullmatch(key)) is None:
            continue
        row = found.setdefault(int(named[1]), {}).setdefault(int(named[2]), Typed(values={}))
        given = [value.strip() for value in form.getall(key) if isinstance(value, str)]
        if named[3] in ("field", "op", "raw"):
            setattr(row, named[3], given[-1] if given else "")
        else:
            row.values[named[3]] = given
    return [[found[g][n] for n in sorted(found[g])][:MOST_ROWS] for g in sorted(found)][:MOST_GROUPS]


def read(groups: Typeds) -> Read:
    """The definition of all complete rows, and what is missing in the others."""
    errors: dict[tuple[int, int], str] = {}
    made: list[Group] = []
    for g, rows in enumerate(groups):
        conditions: list[Condition] = []
        for n, row in enumerate(rows):
            try:
                conditions.append(_condition(row))
            except BadInput as error:
                errors[g, n] = error.message
        if conditions:
            made.append(Group(all=conditions))
    return Read(definition=Definition(groups=made), errors=errors)


def shown(definition: Definition) -> Typeds:
    """The rows of a stored definition."""
    return [[_typed(one) for one in group.all] for group in definition.groups]


def changed(groups: Typeds, act: str) -> Typeds:
    """After one button of the builder: `row:G` adds a row, `group` a group, `drop:G.N` takes a row away."""
    verb, _colon, place = act.partition(":")
    g, _dot, n = place.partition(".")
    if verb == "group" and len(groups) < MOST_GROUPS:
        return [*groups, [Typed()]]
    if verb == "row" and _within(g, groups) and len(groups[int(g)]) < MOST_ROWS:
        groups[int(g)].append(Typed())
    if verb == "drop" and _within(g, groups) and _within(n, groups[int(g)]):
        del groups[int(g)][int(n)]
    return [rows for rows in groups if rows]


def asked_of(row: Typed) -> tuple[Asked, Operator]:
    """The field and operator a row stands on; the first ones where nothing is chosen."""
    asked = BY_KEY.get(row.field, TABLE[0])
    return asked, next((one for one in asked.operators if one.key == row.op), asked.operators[0])


def parts_of(asked: Asked, operator: Operator) -> list[Part]:
    """The values the operator needs, in the field's order."""
    return [part for part in asked.parts if part.name in operator.parts]


def _within(place: str, rows: list[Any]) -> bool:
    return place.isascii() and place.isdigit() and int(place) < len(rows)


def _condition(row: Typed) -> Condition:
    """Raises BadInput saying what is missing or wrong."""
    if row.raw:
        return _kept(row.raw)
    asked, operator = asked_of(row)
    made: dict[str, Any] = {"about": asked.about, "no": operator.no, **asked.fixed}
    for part in parts_of(asked, operator):
        value = _value(part, row.values.get(part.name, []))
        if value in (None, "", []):
            if part.needed:
                raise BadInput(_("%(label)s: still empty.", label=_(part.label)))
            continue
        made[part.name] = value
    try:
        condition: Condition = msgspec.convert(made, Condition, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error) from error
    return condition


def _kept(raw: str) -> Condition:
    try:
        condition: Condition = msgspec.json.decode(raw, type=Condition)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadInput(_("This condition cannot be read any more: take it away.")) from error
    return condition


def _value(part: Part, given: list[str]) -> Any:
    if part.how == "texts":
        return [one.strip() for text in given for one in text.split(",") if one.strip()]
    if part.how == "choices":
        return [one for one in given if one]
    last = given[-1] if given else ""
    if part.how == "check":
        return bool(last)
    return str(read_amount(last, part.name)) if part.how == "amount" and last else last


def _typed(condition: Condition) -> Typed:
    """As a row; kept whole when the builder could not say the same."""
    plain = msgspec.to_builtins(condition)
    for asked in TABLE:
        if asked.about != plain["about"] or any(plain[name] != value for name, value in asked.fixed.items()):
            continue
        for operator in asked.operators:
            row = Typed(field=asked.key, op=operator.key, values=_texts(asked, plain))
            try:
                if _condition(row) == condition:
                    return row
            except BadInput:
                continue
    return Typed(raw=msgspec.json.encode(condition).decode())


def _texts(asked: Asked, plain: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in asked.parts:
        value = plain.get(part.name)
        if isinstance(value, list):
            texts = [str(one) for one in value]
            found[part.name] = [", ".join(texts)] if part.how == "texts" else texts
        elif value is not None and value is not False:
            found[part.name] = ["1" if value is True else str(value)]
    return found
