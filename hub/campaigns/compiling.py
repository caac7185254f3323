"""Conditions as SQL: constant text with numbered values; nothing a person typed becomes part of a statement."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from hub.campaigns.conditions import (
    Account,
    Consent,
    Conversation,
    Definition,
    Group,
    Known,
    Owes,
    Owner,
    Person,
    Purchases,
    Reachable,
)
from hub.customers.purchases import COUNTED

# Each person once: the root, with the account they are confirmed at.
PEOPLE = "contact r LEFT JOIN account o ON o.id = r.account_id AND r.account_standing = 'confirmed'"
# Rows carry the leaf (INVARIANTS §14): the few merged ones are looked up, the others are their own root.
_MERGED = "(SELECT id, root_id FROM contact WHERE root_id <> id) g"
_PERSON = {
    "name": "r.name",
    "job_title": "r.job_title",
    "language": "r.language",
    "time_zone": "r.time_zone",
    "preferred_channel": "r.preferred_channel",
}
_ACCOUNT = {"name": "o.name", "tier": "o.tier", "relation": "o.relation", "kind": "o.kind"}


class Values(list[Any]):
    """The values of a statement, in order."""

    def put(self, value: Any, type_: str) -> str:
        """The place that stands for a value of a PostgreSQL type."""
        self.append(value)
        return f"${len(self)}::{type_}"


def where(definition: Definition, values: Values) -> str:
    """A condition on PEOPLE for the whole definition."""
    parts = ["r.root_id = r.id"]
    if definition.groups:
        parts.append("(" + " OR ".join(group(one, values) for one in definition.groups) + ")")
    return " AND ".join(parts)


def group(one: Group, values: Values) -> str:
    """A condition on PEOPLE for one group."""
    return "(" + " AND ".join(f"{_not(each.no)}({sql(each, values)})" for each in one.all) + ")"


@singledispatch
def sql(condition: object, values: Values) -> str:
    """One condition, true or false, never NULL. Raises TypeError for what is none."""
    raise TypeError(f"no condition: {condition!r}")


@sql.register
def _person(condition: Person, values: Values) -> str:
    exact = condition.field not in ("name", "job_title")
    return _field(_PERSON[condition.field], condition.any_of, values, exact=exact)


@sql.register
def _known(condition: Known, values: Values) -> str:
    return f"r.created_at >= now() - make_interval(days => {values.put(condition.days, 'int')})"


@sql.register
def _account(condition: Account, values: Values) -> str:
    exact = condition.field not in ("name", "tier")
    return _field(f"coalesce({_ACCOUNT[condition.field]}, '')", condition.any_of, values, exact=exact)


@sql.register
def _owner(condition: Owner, values: Values) -> str:
    if condition.any_of is None:
        return "o.owner_id IS NOT NULL"
    return f"coalesce(o.owner_id, 0) = ANY({values.put(condition.any_of, 'bigint[]')})"


@sql.register
def _purchases(condition: Purchases, values: Values) -> str:
    found = [f"p.state = ANY({values.put(list(COUNTED), 'text[]')})"]
    if condition.products:
        found.append(f"p.product_id = ANY({values.put(condition.products, 'bigint[]')})")
    if condition.categories:
        plain = f"ARRAY(SELECT plain(one) FROM unnest({values.put(condition.categories, 'text[]')}) AS one)"
        found.append(f"p.product_id IN (SELECT id FROM product WHERE plain(category) = ANY({plain}))")
    if condition.days is not None:
        days = values.put(condition.days, "int")
        found.append(f"p.bought_at >= now() - make_interval(days => {days})")
    measure = "count(*)"
    if condition.measure == "total":
        measure = "sum(p.amount)"
        found.append(f"p.currency = {values.put(condition.currency, 'text')}")
    having = ""
    if condition.measure == "total" or condition.at_least > 1:
        having = f"HAVING {measure} >= {values.put(condition.at_least, 'numeric')}"
    if condition.whose == "account":
        return f"""coalesce(o.id, 0) IN (
            SELECT p.account_id FROM purchase p WHERE p.account_id IS NOT NULL AND {" AND ".join(found)}
            GROUP BY p.account_id {having})"""
    return f"""r.id IN (
        SELECT coalesce(g.root_id, p.contact_id) FROM purchase p LEFT JOIN {_MERGED} ON g.id = p.contact_id
        WHERE p.contact_id IS NOT NULL AND {" AND ".join(found)}
        GROUP BY 1 {having})"""


@sql.register
def _owes(condition: Owes, values: Values) -> str:
    return f"""r.id IN (
        SELECT coalesce(g.root_id, p.contact_id) FROM payment y JOIN purchase p ON p.id = y.purchase_id
        LEFT JOIN {_MERGED} ON g.id = p.contact_id
        WHERE y.paid_on IS NULL AND y.due_on < current_date AND p.contact_id IS NOT NULL
          AND p.state = ANY({values.put(list(COUNTED), "text[]")}))"""


@sql.register
def _conversation(condition: Conversation, values: Values) -> str:
    found = ["c.joined_into_id IS NULL"]
    found.append("c.state IN ('open', 'snoozed')" if condition.open else "c.state <> 'aside'")
    if condition.tag:
        found.append(f"{values.put(condition.tag, 'text')} = ANY(c.tags)")
    if condition.days is not None:
        days = values.put(condition.days, "int")
        found.append(f"c.last_message_at >= now() - make_interval(days => {days})")
    return f"""r.id IN (
        SELECT coalesce(g.root_id, c.contact_id) FROM conversation c LEFT JOIN {_MERGED} ON g.id = c.contact_id
        WHERE {" AND ".join(found)})"""


@sql.register
def _consent(condition: Consent, values: Values) -> str:
    purpose, type_ = values.put(condition.purpose, "text"), values.put(condition.type, "text")
    return f"""r.id IN (
        SELECT coalesce(g.root_id, a.contact_id)
        FROM (SELECT address_id FROM consent WHERE purpose = {purpose}
              GROUP BY address_id HAVING max(id * 2 + granted::int) % 2 = 1) said
        JOIN address a ON a.id = said.address_id LEFT JOIN {_MERGED} ON g.id = a.contact_id
        WHERE {type_} IN ('', a.type))"""


@sql.register
def _reachable(condition: Reachable, values: Values) -> str:
    return f"""r.id IN (
        SELECT coalesce(g.root_id, a.contact_id) FROM address a LEFT JOIN {_MERGED} ON g.id = a.contact_id
        WHERE a.usable AND a.type = {values.put(condition.type, "text")})"""


def _field(column: str, any_of: list[str] | None, values: Values, *, exact: bool) -> str:
    if any_of is None:
        return f"{column} <> ''"
    place = values.put(any_of, "text[]")
    if exact:  # a code of a list: without accents to take away it costs a tenth
        return f"{column} = ANY({place})"
    return f"plain({column}) = ANY(ARRAY(SELECT plain(one) FROM unnest({place}) AS one))"


def _not(no: bool) -> str:
    return "NOT " if no else ""
