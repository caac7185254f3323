"""Amounts and days as people write them in files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.customers.money import (
    checked_amount,
    checked_moment,
    checked_quantity,
    read_amount,
    read_day,
    read_moment,
    read_quantity,
)
from hub.plumbing.errors import BadInput


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12.00"),
        ("1234.5", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50 €", "1234.50"),
        ("1.234", "1234.00"),
        ("1 234 567,8", "1234567.80"),
        ("1\u202f234,50\u00a0€", "1234.50"),
        ("0,05", "0.05"),
    ],
)
def test_an_amount_is_read_in_either_spelling(text, amount):
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "-5", "1.2.3", "12,34,5", "uno", "NaN", "1e9", "=1+1", "999999999999"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(BadInput) as refused:
        read_amount(text)
    assert refused.value.field == "amount"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-0.01", "1e999999", "1e11"])
def test_numbers_that_are_no_money_are_refused(value):
    with pytest.raises(BadInput):
        checked_amount(Decimal(value))
    with pytest.raises(BadInput):
        checked_quantity(Decimal(value))


def test_days_are_read_with_the_day_first():
    assert read_day("2026-09-12", "due") == read_day("12/9/2026", "due") == date(2026, 9, 12)
    assert read_day("", "due") is None
    assert read_moment("12/9/2026 8:30", "date") == datetime(2026, 9, 12, 8, 30, tzinfo=UTC)
    assert read_moment("2026-09-12", "date") == datetime(2026, 9, 12, 12, tzinfo=UTC)
    assert read_moment("2026-09-12T10:00:00+02:00", "date") == datetime(2026, 9, 12, 8, tzinfo=UTC)
    assert read_quantity("2,5") == Decimal("2.500")
    for wrong in ("31/02/2026", "yesterday", "0040-01-01"):
        with pytest.raises(BadInput):
            read_day(wrong, "due")
    with pytest.raises(BadInput):
        checked_moment(datetime(2026, 9, 12), "bought_at")
