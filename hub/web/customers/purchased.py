"""Purchases in words: the lines of the customer card, and the table on the pages of a person and an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from hub.customers import payments, purchases
from hub.customers.bought import Bought, Money, Paid, Sum
from hub.customers.payments import Payment
from hub.customers.purchases import COUNTED, STATES, Purchase
from hub.plumbing.db import Tx
from hub.plumbing.texts import _, language, ngettext
from hub.web.customers.views import PurchaseLine
from hub.web.views import CardFact


def facts(money: Money) -> list[CardFact]:
    """Bought (last, total, rhythm) and paid (method, late); nothing where there is nothing to tell."""
    told = []
    if money.bought is not None:
        told.append(CardFact(name=_("Bought"), value=_bought(money.bought)))
    if money.paid is not None:
        told.append(_paid(money.paid))
    return told


async def of_contact(tx: Tx, contact_id: int) -> list[PurchaseLine]:
    """The newest purchases of a person, as their page shows them."""
    return await _lines(tx, await purchases.latest(tx, contact_id=contact_id))


async def of_account(tx: Tx, account_id: int) -> list[PurchaseLine]:
    """The newest purchases of an account, as its page shows them."""
    return await _lines(tx, await purchases.latest(tx, account_id=account_id))


async def _lines(tx: Tx, found: Sequence[Purchase]) -> list[PurchaseLine]:
    paid = await payments.of_purchases(tx, [one.id for one in found])
    return [_line(one, paid.get(one.id, [])) for one in found]


def _line(one: Purchase, paid: Sequence[Payment]) -> PurchaseLine:
    return PurchaseLine(
        at=_day(one.bought_at),
        product=one.product_name,
        quantity=format_decimal(one.quantity, locale=language()),
        amount=_sum(Sum(amount=one.amount, currency=one.currency)),
        state=_(STATES[one.state]),
        kept=one.state in COUNTED,
        who=one.contact_name or one.account_name or "",
        paid=[_payment(each) for each in paid],
        late=any(each.paid_on is None and each.late for each in paid) and one.state in COUNTED,
    )


def _payment(one: Payment) -> str:
    words = [_sum(Sum(amount=one.amount, currency=one.currency)), one.method]
    if one.paid_on is not None:
        words.append(_("paid %(day)s", day=format_date(one.paid_on, "medium", locale=language())))
    elif one.due_on is not None:
        words.append(_("due %(day)s", day=format_date(one.due_on, "medium", locale=language())))
    else:
        words.append(_("not paid"))
    if one.late:
        words.append(ngettext("%(n)s day late", "%(n)s days late", one.late))
    return " · ".join(word for word in words if word)


def _bought(known: Bought) -> str:
    number = ngettext("%(n)s purchase", "%(n)s purchases", known.number)
    words = [f"{known.last}, {_day(known.last_at)}", f"{number}, {_sums(known.totals)}"]
    if known.rhythm:
        words.append(ngettext("about every %(n)s day", "about every %(n)s days", known.rhythm))
    if known.returned:
        words.append(ngettext("%(n)s returned", "%(n)s returned", known.returned))
    return " · ".join(words)


def _paid(known: Paid) -> CardFact:
    words, tone = [known.method] if known.method else [], "ok"
    if known.overdue:
        tone = "danger"
        words.append(_("%(sum)s overdue", sum=_sums(known.overdue)))
    if known.days_late:
        tone = "danger" if known.overdue else "warn"
        words.append(ngettext("%(n)s day late on average", "%(n)s days late on average", known.days_late))
    if not known.overdue and not known.days_late:
        words.append(_("on time"))
    return CardFact(name=_("Paid"), value=" · ".join(words), tone=tone)  # type: ignore[arg-type]


def _sums(sums: Sequence[Sum]) -> str:
    return " + ".join(_sum(one) for one in sums)


def _sum(one: Sum) -> str:
    return format_currency(one.amount, one.currency, locale=language())


def _day(at: datetime) -> str:
    return format_date(at, "medium", locale=language())
