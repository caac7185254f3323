"""Filling a wording with what we know of a customer: where the values come from, for one or for a thousand people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import localedata
from babel.dates import format_date
from babel.numbers import format_currency

from hub.channels.text import storable, with_plain_ends
from hub.customers.purchases import COUNTED
from hub.customers.variables import KNOWN, Value, Values
from hub.plumbing import sandbox
from hub.plumbing.db import Tx
from hub.plumbing.sandbox import Filled, Wording
from hub.plumbing.texts import DEFAULT

MOST_PEOPLE = 1_000
MOST_PURCHASES = 10
LISTING = frozenset({"bought.products", "bought.purchases"})
PLAIN = (
    *("contact.name", "contact.job_title", "contact.email", "contact.phone", "account.name", "account.tier"),
    *("owner.name", "owner.email", "agent.name", "agent.email"),
)
_Asked = tuple[int | None, int | None, int | None]


def wording(source: str, *, html: bool = False) -> Wording:
    """A wording ready to be filled. Raises Misworded saying the line and what to write instead."""
    return sandbox.compiled(source, KNOWN, html=html)


def fill(source: str, values: Values, *, html: bool = False) -> Filled:
    """A wording with the values of one customer. In `html` they are escaped. Raises Misworded."""
    return wording(source, html=html).fill(values)


def unfilled(text: str) -> list[str]:
    """The variables that still stand in a text somebody is about to send."""
    return sandbox.unfilled(text, KNOWN)


async def values(
    tx: Tx, *, contact_id: int | None, account_id: int | None = None, agent_id: int | None = None
) -> dict[str, Value]:
    """What we know of a contact, of the account (theirs, where none is given), its owner, and who writes."""
    return (await _found(tx, [(contact_id, account_id, agent_id)], None))[0]


async def values_of(
    tx: Tx,
    contact_ids: Sequence[int],
    *,
    agents: Mapping[int, int | None] | None = None,
    names: Collection[str] | None = None,
    language: str = "",
) -> dict[int, dict[str, Value]]:
    """The same for up to 1,000 people in one statement, by the ids given; those who are not there are left out.

    `agents`: who writes to each. `names`: the variables that are wanted, None for all; others are neither looked up
    nor returned. `language`: of dates and amounts where the person has none. Raises ValueError for more people.
    """
    if len(contact_ids) > MOST_PEOPLE:
        raise ValueError(f"at most {MOST_PEOPLE} people at once")
    asked: list[_Asked] = [(one, None, (agents or {}).get(one)) for one in contact_ids]
    found = await _found(tx, asked, names, language)
    return {one: known for one, known in zip(contact_ids, found, strict=True) if known}


async def _found(
    tx: Tx, asked: Sequence[_Asked], names: Collection[str] | None, language: str = ""
) -> list[dict[str, Value]]:
    """One for each asked, in their order; empty for a contact that is not there."""
    if not asked:
        return []
    contacts, accounts, agents = zip(*asked, strict=True)
    rows = await tx.fetch(
        f"""
        SELECT q.contact_id IS NULL OR r.id IS NOT NULL AS there, r.language,
               r.name AS "contact.name", r.job_title AS "contact.job_title",
               (SELECT a.value FROM address a JOIN contact m ON m.id = a.contact_id
                WHERE $5 AND m.root_id = r.id AND a.type = 'email' AND a.usable
                ORDER BY a.id LIMIT 1) AS "contact.email",
               (SELECT a.value FROM address a JOIN contact m ON m.id = a.contact_id
                WHERE $5 AND m.root_id = r.id AND a.type = 'phone' AND a.usable
                ORDER BY a.id LIMIT 1) AS "contact.phone",
               o.name AS "account.name", o.tier AS "account.tier",
               ARRAY(SELECT domain FROM account_domain d WHERE d.account_id = o.id ORDER BY domain) AS domains,
               w.name AS "owner.name", w.email AS "owner.email", g.name AS "agent.name", g.email AS "agent.email",
               b.since, b.newest, b.totals, b.unpaid
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS q (contact_id, account_id, agent_id, n)
        LEFT JOIN contact c ON c.id = q.contact_id
        LEFT JOIN contact r ON r.id = c.root_id
        LEFT JOIN account o ON o.id = coalesce(q.account_id,
                                               CASE WHEN r.account_standing = 'confirmed' THEN r.account_id END)
        LEFT JOIN agent w ON w.id = o.owner_id
        LEFT JOIN agent g ON g.id = q.agent_id
        LEFT JOIN LATERAL ({_BOUGHT}) b ON true
        ORDER BY q.n
        """,
        contacts,
        accounts,
        agents,
        names is None or any(name.startswith("bought.") for name in names),
        names is None or "contact.email" in names or "contact.phone" in names,
        list(COUNTED),
        _purchases_wanted(names),
        *(names is None or one in names for one in ("bought.since", "bought.total", "bought.unpaid")),
    )
    return [_worded(dict(row), names, language) if row["there"] else {} for row in rows]


def _purchases_wanted(names: Collection[str] | None) -> int:
    """How many of the newest: all that are ever told, the last one, or none."""
    if names is None or not LISTING.isdisjoint(names):
        return MOST_PURCHASES
    return int(any(name.startswith("bought.last") for name in names))


def _worded(row: dict[str, Any], names: Collection[str] | None, language: str) -> dict[str, Value]:
    found: dict[str, Value] = {name: cleaned(row[name] or "") for name in PLAIN}
    found["account.domains"] = list(row["domains"])
    for who in ("contact", "owner", "agent"):
        found[f"{who}.first_name"] = first_name(str(found[f"{who}.name"]))
    found["campaign.sender_name"] = found["agent.name"]
    found |= _bought(row, _spoken(row["language"] or language))
    return found if names is None else {name: found[name] for name in names if name in found}


def _bought(row: dict[str, Any], language: str) -> dict[str, Value]:
    purchases = [
        {
            "name": cleaned(name),
            "date": _day(day, language),
            "amount": _amount(amount, currency, language),
        }
        for name, day, amount, currency in row["newest"] or ()
    ]
    last = purchases[0] if purchases else {"name": "", "date": "", "amount": ""}
    return {
        "bought.last": last["name"],
        "bought.last_date": last["date"],
        "bought.last_amount": last["amount"],
        "bought.since": _day(row["since"].isoformat(), language) if row["since"] else "",
        "bought.total": _sum(row["totals"], language),
        "bought.unpaid": _sum(row["unpaid"], language),
        "bought.products": list(dict.fromkeys(one["name"] for one in purchases)),
        "bought.purchases": purchases,
    }


def _sum(amounts: list[list[str]] | None, language: str) -> str:
    return " + ".join(_amount(amount, currency, language) for amount, currency in amounts or ())


@lru_cache(maxsize=10_000)
def _day(day: str, language: str) -> str:
    return format_date(date.fromisoformat(day), "long", locale=language)


@lru_cache(maxsize=10_000)
def _amount(amount: str, currency: str, language: str) -> str:
    return format_currency(Decimal(amount), currency, locale=language)


@lru_cache(maxsize=1_000)
def _spoken(language: str) -> str:
    """A language whose dates and amounts we can write."""
    return language if language and localedata.exists(language) else DEFAULT


def cleaned(text: str) -> str:
    """A value as wordings take it: line ends plain, nothing that cannot be stored or sent."""
    return with_plain_ends(storable(text))


def first_name(name: str) -> str:
    """The word one calls somebody by: the first, or the one behind the comma of `Ruiz, Marta`; no address is one."""
    if "@" in name or not any(letter.isalpha() for letter in name):
        return ""
    _family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else name).split()
    return words[0].strip(",") if words else ""


# What a person (r) and their account (o) bought; $4 and $6 to $10 as _found gives them.
_BOUGHT = """
    WITH kept AS MATERIALIZED (
        SELECT p.id, p.product_id, p.amount, p.currency, p.bought_at
        FROM purchase p JOIN contact m ON m.id = p.contact_id WHERE m.root_id = r.id AND p.state = ANY($6)
        UNION
        SELECT p.id, p.product_id, p.amount, p.currency, p.bought_at
        FROM purchase p WHERE p.account_id = o.id AND p.state = ANY($6))
    SELECT (SELECT min(bought_at)::date FROM kept WHERE $8) AS since,
           (SELECT jsonb_agg(jsonb_build_array(g.name, k.bought_at::date, k.amount::text, k.currency)
                             ORDER BY k.bought_at DESC, k.id DESC)
            FROM (SELECT * FROM (  -- of an account's thousands only the newest are read
                      (SELECT p.id, p.product_id, p.amount, p.currency, p.bought_at
                       FROM contact m JOIN purchase p ON p.contact_id = m.id
                       WHERE m.root_id = r.id AND p.state = ANY($6)
                       ORDER BY p.bought_at DESC, p.id DESC LIMIT $7)
                      UNION
                      (SELECT p.id, p.product_id, p.amount, p.currency, p.bought_at
                       FROM purchase p WHERE p.account_id = o.id AND p.state = ANY($6)
                       ORDER BY p.bought_at DESC FETCH FIRST ($7) ROWS WITH TIES)) AS both_newest
                  ORDER BY bought_at DESC, id DESC LIMIT $7) k
            JOIN product g ON g.id = k.product_id) AS newest,
           (SELECT jsonb_agg(jsonb_build_array(amount::text, currency) ORDER BY amount DESC, currency)
            FROM (SELECT sum(amount) AS amount, currency FROM kept WHERE $9 GROUP BY currency) s) AS totals,
           (SELECT jsonb_agg(jsonb_build_array(amount::text, currency) ORDER BY amount DESC, currency)
            FROM (SELECT sum(y.amount) AS amount, k.currency FROM kept k JOIN payment y ON y.purchase_id = k.id
                  WHERE $10 AND y.paid_on IS NULL GROUP BY k.currency) s) AS unpaid
    WHERE $4
"""
