"""Amounts, currencies and days as they are kept: checked when given as values, read when written in a file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST = Decimal(10) ** 11
MOST_QUANTITY = Decimal(10) ** 8
_CENT, _THOUSANDTH = Decimal("0.01"), Decimal("0.001")
_HARD_SPACES = re.compile("[\u00a0\u2009\u202f]")  # between thousands, as spreadsheets write them
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: (\d{1,2})(:\d\d(?::\d\d)?))?")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_CENTS = re.compile(r"(.*)[.,](\d{1,2})")
_GROUPED = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*|\d{1,15}")


def checked_amount(amount: Decimal, field: str = "amount") -> Decimal:
    """An amount of money, rounded to cents. Raises BadInput for what is none, negative or beyond reach."""
    if not amount.is_finite() or not 0 <= amount < MOST:
        raise BadInput(_("Use an amount from 0 to %(most)s.", most=MOST), field=field)
    return amount.quantize(_CENT, ROUND_HALF_UP)


def checked_quantity(quantity: Decimal) -> Decimal:
    """How many, to the thousandth. Raises BadInput for what is none, zero, negative or beyond reach."""
    if not quantity.is_finite() or not _THOUSANDTH <= quantity < MOST_QUANTITY:
        raise BadInput(_("Use a number above 0."), field="quantity")
    return quantity.quantize(_THOUSANDTH, ROUND_HALF_UP)


def checked_currency(currency: str) -> str:
    """A currency's three letters (ISO 4217). Raises BadInput."""
    plain = currency.strip().upper()
    if not _CURRENCY.fullmatch(plain):
        raise BadInput(_("Use the three letters of a currency, such as EUR."), field="currency")
    return plain


def checked_day(day: date | None, field: str) -> date | None:
    """A day of our times. Raises BadInput for the year 40."""
    if day is not None and not 1900 <= day.year < 2200:
        raise BadInput(_("Use a day between 1900 and 2199."), field=field)
    return day


def checked_moment(at: datetime, field: str) -> datetime:
    """A moment with its zone, in UTC. Raises BadInput without zone, or outside our times."""
    if at.tzinfo is None:
        raise BadInput(_("Say the zone: 2026-09-12T09:00:00Z."), field=field)
    checked_day(at.date(), field)
    return at.astimezone(UTC)


def read_amount(text: str, field: str = "amount") -> Decimal:
    """1.234,50 and 1,234.50 and 1234.5; what follows the last mark counts as cents when it has one or two digits.

    Raises BadInput.
    """
    plain = _HARD_SPACES.sub(" ", text).strip().removesuffix("€").strip()
    cents = _CENTS.fullmatch(plain)
    whole, rest = (cents[1], cents[2]) if cents else (plain, "")
    if not _GROUPED.fullmatch(whole):
        raise BadInput(_("“%(text)s” is not an amount; write it like 1234.50", text=text[:40]), field=field)
    return checked_amount(Decimal(re.sub(r"\D", "", whole) + "." + (rest or "0")), field)


def read_quantity(text: str) -> Decimal:
    """2 or 2.5 or 2,5. Raises BadInput."""
    plain = text.strip().replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise BadInput(_("Use a number above 0."), field="quantity")
    return checked_quantity(Decimal(plain))


def read_day(text: str, field: str) -> date | None:
    """2026-09-12 or 12/09/2026 (the day first), nothing for an empty cell. Raises BadInput."""
    return None if not text.strip() else read_moment(text, field).date()


def read_moment(text: str, field: str) -> datetime:
    """A day (its noon in UTC, the same day nearly everywhere), an ISO 8601 moment, or 12/09/2026 10:30, in UTC
    where no zone is said. Raises BadInput.
    """
    plain = text.strip()
    day_first = _DAY_FIRST.fullmatch(plain)
    if day_first:
        plain = f"{day_first[3]}-{int(day_first[2]):02}-{int(day_first[1]):02}"
        plain += f" {int(day_first[4]):02}{day_first[5]}" if day_first[4] else ""
    try:
        read = datetime.fromisoformat(plain)
    except ValueError as error:
        words = _("“%(text)s” is not a date; write it like 2026-09-12", text=text[:40])
        raise BadInput(words, field=field) from error
    if len(plain) <= 10:
        read = datetime.combine(read.date(), time(12))
    return checked_moment(read if read.tzinfo else read.replace(tzinfo=UTC), field)
