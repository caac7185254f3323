"""What somebody bought and owes, as SQL: out of the roll-up where it can tell, else out of the rows."""

from __future__ import annotations

from hub.campaigns.conditions import Owes, Purchases
from hub.campaigns.statement import Values, days_ago, field, probe, theirs
from hub.customers.purchases import COUNTED


def purchases(condition: Purchases, values: Values) -> str:
    """At least so many, or so much, bought by the person or their account."""
    enough = _enough(condition, "count(*)", "sum(p.amount)", values)
    found = _found_purchases(condition, values)
    if condition.whose == "account":
        exactly = f"""EXISTS (
            SELECT FROM purchase p WHERE p.account_id = o.id AND {" AND ".join(found)} {enough} OFFSET 0)"""
        if values.probing:
            return exactly
        if shortcut := _rolled_up(condition, values):
            stale = "o.id IN (SELECT buyer_id FROM bought_stale WHERE whose = 'account')"
            return f"CASE WHEN {stale} THEN {exactly} ELSE coalesce(o.id, 0) IN ({shortcut}) END"
        return f"""(coalesce(o.id, 0) IN (
            SELECT p.account_id FROM purchase p WHERE p.account_id IS NOT NULL AND {" AND ".join(found)}
            GROUP BY p.account_id {enough})) IS TRUE"""
    shortcut = "" if values.probing else _rolled_up(condition, values)
    if not shortcut:
        return theirs(values, "purchase p", "p.contact_id", found, enough)
    # What was bought a moment ago is not there yet, and of people who are one each has a sum of their own.
    stale = """r.id IN (
        SELECT c.root_id FROM bought_stale s JOIN contact c ON c.id = s.buyer_id WHERE s.whose = 'person')"""
    merged = "r.id IN (SELECT root_id FROM contact WHERE merged)"
    exactly = probe("purchase p", "p.contact_id", found, enough)
    return f"CASE WHEN {stale} THEN {exactly} WHEN r.id IN ({shortcut}) THEN true ELSE {merged} AND {exactly} END"


def _found_purchases(condition: Purchases, values: Values) -> list[str]:
    found = [f"p.state = ANY({values.put(list(COUNTED), 'text[]')})"]
    if condition.products:
        found.append(f"p.product_id = ANY({values.put(condition.products, 'bigint[]')})")
    if condition.categories:
        named = field("category", condition.categories, values, exact=False)
        found.append(f"p.product_id IN (SELECT id FROM product WHERE {named})")
    if condition.days is not None:
        found.append(f"p.bought_at >= {days_ago(condition.days, values)}")
    if condition.measure == "total":
        found.append(f"p.currency = {values.put(condition.currency, 'text')}")
    return found


def _enough(condition: Purchases, number: str, total: str, values: Values) -> str:
    if condition.measure == "number" and condition.at_least <= 1:
        return ""
    measured = total if condition.measure == "total" else number
    return f"HAVING {measured} >= {values.put(condition.at_least, 'numeric')}"


def _rolled_up(condition: Purchases, values: Values) -> str:
    """The same out of the roll-up; "" for what only the rows can tell."""
    once = condition.measure == "number" and condition.at_least <= 1
    if condition.products or condition.categories or (condition.days is not None and not once):
        return ""
    found = [f"b.whose = {values.put(condition.whose, 'text')}"]
    if condition.measure == "total":
        found.append(f"b.currency = {values.put(condition.currency, 'text')}")
        found.append(f"b.amount >= {values.put(condition.at_least, 'numeric')}")
    if condition.days is not None:
        found.append(f"b.last_at >= {days_ago(condition.days, values)}")
    several = ""
    if condition.measure == "number" and not once:
        several = "GROUP BY b.buyer_id " + _enough(condition, "sum(b.number)", "", values)
    return f"SELECT b.buyer_id FROM bought b WHERE {' AND '.join(found)} {several}"


def owes(condition: Owes, values: Values) -> str:
    """Something is due and not paid."""
    found = [
        "y.paid_on IS NULL AND y.due_on < current_date",
        f"p.state = ANY({values.put(list(COUNTED), 'text[]')})",
    ]
    return theirs(values, "payment y JOIN purchase p ON p.id = y.purchase_id", "p.contact_id", found)
