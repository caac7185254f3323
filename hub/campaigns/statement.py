"""What compiled conditions are made of: numbered values, and the two forms of asking for a person's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.campaigns.conditions import Definition

# Each person once: the root, with the account they are confirmed at.
PEOPLE = "contact r LEFT JOIN account o ON o.id = r.account_id AND r.account_standing = 'confirmed'"
# Whose reach is being rolled up again (customers/rolling_up).
STALE = "SELECT c.root_id FROM reach_stale s JOIN contact c ON c.id = s.contact_id"
# Rows carry the leaf (INVARIANTS §14): the few merged ones are looked up, the others are their own root.
_MERGED = "(SELECT id, root_id FROM contact WHERE merged) g"
_NO_SEGMENTS: Mapping[int, Definition] = {}


class Values(list[Any]):
    """The values of a statement, in order. `segments`: what the named ones say; `probing`: for few people."""

    def __init__(self, *, segments: Mapping[int, Definition] = _NO_SEGMENTS, probing: bool = False) -> None:
        super().__init__()
        self.segments, self.probing, self.depth, self.asked = segments, probing, 0, 0

    def put(self, value: Any, type_: str) -> str:
        """The place that stands for a value of a PostgreSQL type."""
        self.append(value)
        return f"${len(self)}::{type_}"


def theirs(values: Values, source: str, leaf: str, found: Sequence[str], enough: str = "") -> str:
    """Whether a person has such rows; `leaf` is the column that says whose, `enough` a HAVING over all of them."""
    if values.probing:
        return probe(source, leaf, found, enough)
    several = f"GROUP BY 1 {enough}" if enough else ""
    # IS TRUE keeps the planner from turning a set whose size it cannot know into a million index look-ups.
    return f"""(r.id IN (
        SELECT coalesce(g.root_id, {leaf}) FROM {source} LEFT JOIN {_MERGED} ON g.id = {leaf}
        WHERE {" AND ".join([f"{leaf} IS NOT NULL", *found])} {several})) IS TRUE"""


def probe(source: str, leaf: str, found: Sequence[str], enough: str = "") -> str:
    """The same, looked up for one person: OFFSET 0 keeps the planner from making the set of everybody after all."""
    return f"""EXISTS (SELECT FROM contact l, {source}
        WHERE l.root_id = r.id AND {" AND ".join([f"{leaf} = l.id", *found])} {enough} OFFSET 0)"""


def field(column: str, any_of: Sequence[str] | None, values: Values, *, exact: bool) -> str:
    """Whether a text column is one of these, filled in at all without them; `exact`: case and accents count."""
    if any_of is None:
        return f"{column} <> ''"
    place = values.put(list(any_of), "text[]")
    if exact:  # a code of a list: without accents to take away it costs a tenth
        return f"{column} = ANY({place})"
    return f"plain({column}) = ANY(ARRAY(SELECT plain(one) FROM unnest({place}) AS one))"


def days_ago(days: int, values: Values) -> str:
    """The moment so many days ago."""
    return f"now() - make_interval(days => {values.put(days, 'int')})"
