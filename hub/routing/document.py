"""Rules as people write them: read from a YAML or JSON document with every mistake placed, and written back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from hub.plumbing.texts import _
from hub.routing import conditions as c
from hub.routing.actions import Assign, Then
from hub.routing.problems import BadRules, Path, Problems, Spot
from hub.routing.rules import (
    MOST_ROWS,
    Answer,
    AnyRow,
    LastAgent,
    LeastLoaded,
    Owner,
    Queue,
    Rule,
    kind_of,
    name_of,
)

MOST_TEXTS = 200
T = TypeVar("T")

LISTS: dict[str, type[c.Listed]] = {
    "channel": c.Channel,
    "kind": c.Kind,
    "address": c.Reached,
    "sender": c.Sender,
    "domain": c.Domain,
    "account": c.Account,
    "tier": c.Tier,
    "standing": c.Standing,
    "language": c.Language,
    "tagged": c.Tagged,
}
FLAGS: dict[str, type[c.Verified] | type[c.Automatic]] = {"verified": c.Verified, "automatic": c.Automatic}
CONDITIONS = (*LISTS, *FLAGS, "text", "hours")
BUILT_IN: dict[str, type[Answer | Owner | LastAgent | LeastLoaded | Queue]] = {
    "answer": Answer,
    "owner": Owner,
    "last_agent": LastAgent,
    "least_loaded": LeastLoaded,
    "queue": Queue,
}
PRIORITIES = ("low", "normal", "high", "urgent")
STANDINGS = ("confirmed", "suggested", "none")
WHERE = ("anywhere", "subject", "text")


def read(document: Any, lines: Mapping[Path, int] | None = None) -> tuple[AnyRow, ...]:
    """`{"rows": […]}` as rows; `lines` says where each part stood in its file.

    Raises BadRules with every mistake: line, row, field, what is allowed.
    """
    problems = Problems(lines or {})
    rows = _Reader(problems).rows(document)
    if not problems.found:
        _check_whole(rows, problems)
    problems.raise_if_any()
    return rows


def written(rows: Sequence[AnyRow]) -> dict[str, Any]:
    """Rows as a document that `read` takes again; what stands at its default is left out."""
    return {"rows": [_row_out(row) for row in rows]}


def _check_whole(rows: tuple[AnyRow, ...], problems: Problems) -> None:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if name_of(row) in seen:
            problems.add(("rows", number), _("this row stands twice; once is allowed"))
        seen.add(name_of(row))
    if not rows:
        problems.add(("rows",), _("write at least one row"))


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def rows(self, document: Any) -> tuple[AnyRow, ...]:
        top = Spot((), self.problems)
        found = top.keys(document, ("rows",))
        items = top.at("rows").items(found.get("rows"), most=MOST_ROWS)
        return tuple(row for spot, value in items if (row := self._row(spot, value)) is not None)

    def _row(self, spot: Spot, value: Any) -> AnyRow | None:
        if isinstance(value, Mapping) and "rule" in value:
            return self._rule(spot, value)
        known = value.get("row") if isinstance(value, Mapping) else None
        shape = BUILT_IN.get(known) if isinstance(known, str) else None
        if shape is None:
            spot.wrong(
                _("write `row:` with one of %(allowed)s, or `rule:` with a name", allowed=", ".join(BUILT_IN))
            )
            return None
        allowed = [field.name for field in msgspec.structs.fields(shape) if field.name != "team_id"]
        given = spot.keys(value, ("row", *allowed))
        options: dict[str, Any] = {
            name: spot.at(name).text(given[name]) for name in allowed[1:] if name in given
        }
        return shape(enabled=self._enabled(spot, given), **options)

    def _rule(self, spot: Spot, value: Mapping[str, Any]) -> Rule | None:
        given = spot.keys(value, ("rule", "enabled", "when", "then"))
        name = spot.at("rule").text(given["rule"])
        when = self._when(spot.at("when"), given.get("when"))
        then = self._then(spot.at("then"), given.get("then"))
        if then is None:
            return None
        enabled = self._enabled(spot, given)
        return spot.guard(lambda: Rule(name=name, enabled=enabled, when=when, then=then))

    def _enabled(self, spot: Spot, given: Mapping[str, Any]) -> bool:
        return spot.at("enabled").flag(given.get("enabled", True))

    def _when(self, spot: Spot, value: Any) -> c.When:
        given = spot.keys(value, ("all", "any", "not"))
        groups = {name: self._conditions(spot.at(name), given.get(name)) for name in ("all", "any", "not")}
        return c.When(all=groups["all"], any=groups["any"], none=groups["not"])

    def _conditions(self, spot: Spot, value: Any) -> tuple[c.AnyCondition, ...]:
        found = (self._condition(one, each) for one, each in spot.items(value, most=MOST_TEXTS))
        return tuple(one for one in found if one is not None)

    def _condition(self, spot: Spot, value: Any) -> c.AnyCondition | None:
        given = spot.keys(value, CONDITIONS)
        if len(given) != 1:
            if isinstance(value, Mapping) and len(value) == 1:
                return None  # said already: its one key is not known
            spot.wrong(_("write one condition here: one of %(allowed)s", allowed=", ".join(CONDITIONS)))
            return None
        ((name, body),) = given.items()
        spot = spot.at(name)
        if name in FLAGS:
            return FLAGS[name](yes=spot.flag(body))
        if name == "text":
            return self._text(spot, body)
        if name == "hours":
            return self._hours(spot, body)
        choices = STANDINGS if name == "standing" else ()
        found: Any = LISTS[name](any_of=spot.texts(body, choices=choices))
        return found  # type: ignore[no-any-return]

    def _text(self, spot: Spot, body: Any) -> c.Text | None:
        where: Any = "anywhere"
        if not isinstance(body, Mapping):
            phrases = spot.texts(body)
        else:
            given = spot.keys(body, ("contains", "where"))
            where = spot.at("where").choice(given.get("where", where), WHERE)
            phrases = spot.at("contains").texts(given.get("contains"))
        said = tuple(phrase for phrase in phrases if phrase)  # an empty one is told already
        return spot.guard(lambda: c.Text(any_of=said, where=where))

    def _hours(self, spot: Spot, body: Any) -> c.Hours | None:
        given = spot.keys(body, ("days", "from", "to", "zone", "outside"))
        days: Any = spot.at("days").texts(given.get("days", c.WORKDAYS), choices=c.DAYS)
        said = {name: spot.at(name).text(given[name]) for name in ("from", "to", "zone") if name in given}
        outside = spot.at("outside").flag(given.get("outside", False))
        defaults = {"from": "09:00", "to": "18:00", "zone": "Europe/Madrid"} | said
        return spot.guard(
            lambda: c.Hours(
                days=days, start=defaults["from"], end=defaults["to"], zone=defaults["zone"], outside=outside
            )
        )

    def _then(self, spot: Spot, value: Any) -> Then | None:
        given = spot.keys(value, ("assign", "priority", "tags", "auto_reply", "aside", "stop"))
        assign = self._assign(spot.at("assign"), given["assign"]) if "assign" in given else None
        priority: Any = (
            spot.at("priority").choice(given["priority"], PRIORITIES) if "priority" in given else None
        )
        tags = spot.at("tags").texts(given["tags"]) if "tags" in given else ()
        answer = spot.at("auto_reply").text(given.get("auto_reply", ""), most=4_000, empty=True)
        flags = {name: spot.at(name).flag(given.get(name, False)) for name in ("aside", "stop")}
        if "assign" in given and assign is None:
            return None
        return spot.guard(
            lambda: Then(assign=assign, priority=priority, tags=tags, auto_reply=answer, **flags)
        )

    def _assign(self, spot: Spot, value: Any) -> Assign | None:
        given = spot.keys(value, ("person", "team", "skill", "share"))
        person, team, skill = (
            spot.at(name).text(given[name]) if name in given else "" for name in ("person", "team", "skill")
        )
        share = spot.at("share").flag(given.get("share", True))
        return spot.guard(lambda: Assign(person=person, team=team, skill=skill, share=share))


def _row_out(row: AnyRow) -> dict[str, Any]:
    if not isinstance(row, Rule):
        return {"row": kind_of(row), **_changed(row, leave=("team_id",))}
    out: dict[str, Any] = {"rule": row.name, **({} if row.enabled else {"enabled": False})}
    groups = {"all": row.when.all, "any": row.when.any, "not": row.when.none}
    when = {name: [_condition_out(one) for one in group] for name, group in groups.items() if group}
    if when:
        out["when"] = when
    out["then"] = _changed(row.then, leave=("assign",))
    if row.then.assign:
        out["then"] = {"assign": _changed(row.then.assign, leave=("agent_id", "team_id")), **out["then"]}
    return out


def _condition_out(condition: c.AnyCondition) -> dict[str, Any]:
    name = str(type(condition).__struct_config__.tag)
    match condition:
        case c.Verified() | c.Automatic():
            return {name: condition.yes}
        case c.Text():
            plain = condition.where == "anywhere"
            words = list(condition.any_of)
            return {name: words if plain else {"contains": words, "where": condition.where}}
        case c.Hours():
            whole: dict[str, Any] = msgspec.to_builtins(condition)
            hours = {key: list(v) if key == "days" else v for key, v in whole.items() if key != "if"}
            return {name: {key: v for key, v in hours.items() if v is not False}}
        case _:
            return {name: list(condition.any_of)}


def _changed(thing: msgspec.Struct, *, leave: tuple[str, ...]) -> dict[str, Any]:
    """The fields that do not stand at their default, as plain values."""
    found = {
        field.name: getattr(thing, field.name)
        for field in msgspec.structs.fields(type(thing))
        if field.name not in leave and getattr(thing, field.name) != field.default
    }
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


__all__ = ["BadRules", "Callable", "read", "written"]
