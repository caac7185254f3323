"""Publishing rules: a new version each time, with names resolved, so that old decisions keep pointing at theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.texts import _
from hub.routing import conditions
from hub.routing.problems import Path, Problems
from hub.routing.rules import AnyRow, LeastLoaded, Queue, Rule, RuleSet, from_plain, to_plain
from hub.routing.staff import starter
from hub.routing.words import same


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One published version, as the list of versions shows it."""

    version: int
    note: str
    agent_id: int | None
    agent_name: str | None
    published_at: datetime


class Known(msgspec.Struct, frozen=True):
    """A person, team or channel that rules may name; `email` of a person."""

    sort: str
    id: int
    name: str
    email: str = ""


async def current(tx: Tx) -> RuleSet:
    """The rules that count now; version 0 is the starter list."""
    newest = await tx.value("SELECT max(version) FROM rule_set")
    return starter() if newest is None else await of_version(tx, newest)


async def of_version(tx: Tx, version: int) -> RuleSet:
    """One published version. Raises NotFound."""
    if version == 0:
        return starter()
    rows = await tx.value("SELECT rows FROM rule_set WHERE version = $1::bigint", version)
    if rows is None:
        raise NotFound(_("There is no version %(n)s of the rules.", n=version))
    return RuleSet(version=version, rows=from_plain(rows))


async def versions(tx: Tx, *, most: int = 100) -> list[Version]:
    """What was published, newest first."""
    return await tx.rows(
        Version,
        """
        SELECT version, note, agent_id, agent.name AS agent_name, published_at
        FROM rule_set LEFT JOIN agent ON agent.id = agent_id ORDER BY version DESC LIMIT $1
        """,
        most,
    )


async def publish(
    tx: Tx, rows: Sequence[AnyRow], *, note: str = "", by: int | None = None, instead_of: int | None = None
) -> RuleSet:
    """These rows count from now on. `instead_of`: the version they were written from, when that matters.

    Raises BadRules when they name somebody unknown, Conflict when another version was published meanwhile.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('rule_set'))")
    newest = (await tx.value("SELECT max(version) FROM rule_set")) or 0
    if instead_of is not None and instead_of != newest:
        raise Conflict(_("Version %(n)s was published meanwhile: look at it first.", n=newest))
    resolved = await with_ids(tx, rows)
    version: int = await tx.value(
        "INSERT INTO rule_set (rows, note, agent_id) VALUES ($1, $2, $3) RETURNING version",
        to_plain(resolved),
        note[:500],
        by,
    )
    await history.record(tx, "rules_published", agent_id=by, version=version, note=note[:500])
    tx.signal("rules", version, ["rules"])
    return RuleSet(version=version, rows=resolved)


async def with_ids(
    tx: Tx, rows: Sequence[AnyRow], lines: Mapping[Path, int] | None = None
) -> tuple[AnyRow, ...]:
    """The rows with the ids of everybody they name. Raises BadRules naming the unknown and the known."""
    known = await tx.rows(
        Known,
        """
        SELECT 'person' AS sort, id, name, email FROM agent WHERE active
        UNION ALL SELECT 'team', id, name, '' FROM team
        UNION ALL SELECT 'channel', id, name, '' FROM channel
        ORDER BY sort, name, id
        """,
    )
    problems = Problems(lines or {})
    resolver = _Resolver(known, problems)
    resolved = tuple(resolver.row(number, row) for number, row in enumerate(rows))
    problems.raise_if_any()
    return resolved


class _Resolver:
    def __init__(self, known: Sequence[Known], problems: Problems) -> None:
        self.known = known
        self.problems = problems

    def row(self, number: int, row: AnyRow) -> AnyRow:
        path: Path = ("rows", number)
        if isinstance(row, LeastLoaded | Queue) and row.team:
            return msgspec.structs.replace(row, team_id=self._id("team", row.team, (*path, "team")))
        if not isinstance(row, Rule):
            return row
        for group, asked in (("all", row.when.all), ("any", row.when.any), ("not", row.when.none)):
            self._channels(asked, (*path, "when", group))
        return self._assigning(row, (*path, "then", "assign"))

    def _assigning(self, row: Rule, path: Path) -> Rule:
        assign = row.then.assign
        if assign is None:
            return row
        named = msgspec.structs.replace(
            assign,
            agent_id=self._id("person", assign.person, (*path, "person")) if assign.person else None,
            team_id=self._id("team", assign.team, (*path, "team")) if assign.team else None,
        )
        return msgspec.structs.replace(row, then=msgspec.structs.replace(row.then, assign=named))

    def _channels(self, asked: Iterable[conditions.AnyCondition], path: Path) -> None:
        for number, condition in enumerate(asked):
            if isinstance(condition, conditions.Channel):
                for name in condition.any_of:
                    self._id("channel", name, (*path, number, "channel"), only_one=False)

    def _id(self, sort: str, name: str, path: Path, *, only_one: bool = True) -> int | None:
        meant = [one for one in self.known if one.sort == sort and name.strip().lower() == one.email]
        meant = meant or [one for one in self.known if one.sort == sort and same(one.name, name)]
        if not meant:
            names = ", ".join(one.name for one in self.known if one.sort == sort)[:500]
            self.problems.add(
                path, _("%(key)s is not known; there are: %(allowed)s", key=name, allowed=names)
            )
        elif len(meant) > 1 and only_one:
            self.problems.add(path, _("%(key)s is not the only one: write the mail address", key=name))
        return meant[0].id if meant else None
