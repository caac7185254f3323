"""Conditions as SQL: constant text with numbered values; nothing a person typed becomes part of a statement.

Each condition has two forms. Asked of everybody, it is a set that is made once; asked of few (`probing`), it is looked
up for each person. What is rolled up (customers/rolling_up) is only ever a shortcut of the first form.
"""

from __future__ import annotations

from functools import singledispatch

from hub.campaigns.compiling_purchases import owes, purchases
from hub.campaigns.conditions import (
    Account,
    Answered,
    Campaigned,
    Consent,
    Conversation,
    Definition,
    Group,
    InSegment,
    Known,
    Listed,
    Owner,
    Person,
    Reachable,
    Role,
    Tag,
)
from hub.campaigns.figures import OUT
from hub.campaigns.statement import STALE, Values, days_ago, field, probe, theirs
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

DEEPEST = 5
MOST = 300
"""Conditions in all, those of the segments within included."""
_PERSON = {
    "name": "r.name",
    "job_title": "r.job_title",
    "language": "r.language",
    "time_zone": "r.time_zone",
    "preferred_channel": "r.preferred_channel",
    "external_id": "coalesce(r.external_id, '')",
}
_ACCOUNT = {one: f"coalesce(o.{one}, '')" for one in ("name", "tier", "relation", "kind", "external_id")}
_SPOKEN = ("name", "job_title", "tier")


def where(definition: Definition, values: Values) -> str:
    """A condition on PEOPLE for the whole definition. Raises BadInput for segments within too many segments."""
    return f"NOT r.merged AND {_anyone(definition, values)}"


def group(one: Group, values: Values) -> str:
    """A condition on PEOPLE for one group."""
    values.asked += len(one.all)
    if values.asked > MOST:
        raise BadInput(
            _("These segments ask too much: at most %(n)s conditions.", n=MOST), field="definition"
        )
    return "(" + " AND ".join(f"{'NOT ' if each.no else ''}({sql(each, values)})" for each in one.all) + ")"


def _anyone(definition: Definition, values: Values) -> str:
    if not definition.groups:
        return "true"
    return "(" + " OR ".join(group(one, values) for one in definition.groups) + ")"


@singledispatch
def sql(condition: object, values: Values) -> str:
    """One condition, true or false, never NULL. Raises TypeError for what is none."""
    raise TypeError(f"no condition: {condition!r}")


@sql.register
def _person(condition: Person, values: Values) -> str:
    return field(_PERSON[condition.field], condition.any_of, values, exact=condition.field not in _SPOKEN)


@sql.register
def _known(condition: Known, values: Values) -> str:
    return f"r.created_at >= {days_ago(condition.days, values)}"


@sql.register
def _tag(condition: Tag, values: Values) -> str:
    found = []
    if condition.any_of is not None:
        found.append(field("t.name", condition.any_of, values, exact=False))
    return theirs(values, "contact_tag k JOIN tag t ON t.id = k.tag_id", "k.contact_id", found)


@sql.register
def _account(condition: Account, values: Values) -> str:
    return field(_ACCOUNT[condition.field], condition.any_of, values, exact=condition.field not in _SPOKEN)


@sql.register
def _owner(condition: Owner, values: Values) -> str:
    if condition.any_of is None:
        return "o.owner_id IS NOT NULL"
    return f"coalesce(o.owner_id, 0) = ANY({values.put(condition.any_of, 'bigint[]')})"


@sql.register
def _role(condition: Role, values: Values) -> str:
    found = []
    if condition.any_of is not None:
        found.append(f"k.role = ANY({values.put(list(condition.any_of), 'text[]')})")
    if condition.accounts is not None:
        found.append(f"k.account_id = ANY({values.put(condition.accounts, 'bigint[]')})")
    return theirs(values, "contact_role k", "k.contact_id", found)


sql.register(purchases)
sql.register(owes)


@sql.register
def _conversation(condition: Conversation, values: Values) -> str:
    found = ["c.joined_into_id IS NULL"]
    found.append("c.state IN ('open', 'snoozed')" if condition.open else "c.state <> 'aside'")
    if condition.waiting:
        found.append("c.waiting_since IS NOT NULL")
    if condition.priorities:
        found.append(f"c.priority = ANY({values.put(list(condition.priorities), 'text[]')})")
    if condition.tag:
        named = f"plain({values.put(condition.tag, 'text')})"
        found.append(f"c.tags <> '{{}}' AND {named} IN (SELECT plain(one) FROM unnest(c.tags) AS one)")
    if condition.days is not None:
        found.append(f"c.last_message_at >= {days_ago(condition.days, values)}")
    return theirs(values, "conversation c", "c.contact_id", found)


@sql.register
def _answered(condition: Answered, values: Values) -> str:
    since = days_ago(condition.days, values)
    direction = values.put("in" if condition.by == "them" else "out", "text")
    found = [
        f"c.last_message_at >= {since} AND m.created_at >= {since}",
        f"m.direction = {direction} AND NOT m.automatic AND c.state <> 'aside'",
    ]
    return theirs(values, "message m JOIN conversation c ON c.id = m.conversation_id", "c.contact_id", found)


@sql.register
def _campaigned(condition: Campaigned, values: Values) -> str:
    if condition.what == "clicked":
        became = "EXISTS (SELECT FROM click x WHERE x.recipient_id = q.id AND x.times > 0)"
    elif condition.what == "answered":
        became = "(q.answered_at IS NOT NULL OR q.probable_at IS NOT NULL)"
    else:
        out = values.put(list(OUT), "text[]")
        became = f"EXISTS (SELECT FROM delivery d WHERE d.recipient_id = q.id AND d.state = ANY({out}))"
    if condition.what == "silent":
        became += " AND q.answered_at IS NULL AND q.probable_at IS NULL"
    found = ["q.state = 'made'", became]
    if condition.campaign is not None:
        found.append(f"q.campaign_id = {values.put(condition.campaign, 'bigint')}")
    if condition.days is not None:
        found.append(f"q.made_at >= {days_ago(condition.days, values)}")
    return theirs(values, "recipient q", "q.contact_id", found)


@sql.register
def _consent(condition: Consent, values: Values) -> str:
    purpose, type_ = values.put(condition.purpose, "text"), values.put(condition.type, "text")
    exactly = probe(
        "address a",
        "a.contact_id",
        [
            f"{type_} IN ('', a.type)",
            f"""(SELECT k.granted FROM consent k WHERE k.address_id = a.id AND k.purpose = {purpose}
                 ORDER BY k.id DESC LIMIT 1)""",
        ],
    )
    if values.probing:
        return exactly
    return (
        f"CASE WHEN r.id IN ({STALE}) THEN {exactly} ELSE r.agreed @> ARRAY[{purpose} || ':' || {type_}] END"
    )


@sql.register
def _reachable(condition: Reachable, values: Values) -> str:
    return theirs(
        values, "address a", "a.contact_id", [f"a.usable AND a.type = {values.put(condition.type, 'text')}"]
    )


@sql.register
def _in_segment(condition: InSegment, values: Values) -> str:
    if values.depth >= DEEPEST:
        raise BadInput(
            _("Segments stand within each other too deep: at most %(n)s.", n=DEEPEST), field="definition"
        )
    values.depth += 1
    inner = _anyone(values.segments[condition.segment], values)
    values.depth -= 1
    return inner


@sql.register
def _listed(condition: Listed, values: Values) -> str:
    found = [f"k.list_id = {values.put(condition.list, 'bigint')}"]
    if condition.column:
        column = f"coalesce(k.fields ->> {values.put(condition.column, 'text')}, '')"
        found.append(field(column, condition.any_of, values, exact=False))
    return theirs(values, "contact_list_member k", "k.contact_id", found)
