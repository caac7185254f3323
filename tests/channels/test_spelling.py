"""Addresses as people read them."""

from __future__ import annotations

import pytest

from hub.channels.spelling import shown
from hub.plumbing.texts import speaking


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("+34600123456", "+34 600 12 34 56"),
        ("+15551234567", "+1 555-123-4567"),
        ("marta@acme.es", "marta@acme.es"),
        ("visitor:k3", "Visitante"),
        ("withheld:CA1", "Número oculto"),
        ("anonymous-7", "Número oculto"),
        ("+99999999999", "+99999999999"),
        ("", ""),
    ],
)
def test_an_address_is_shown_as_people_read_it(address: str, words: str) -> None:
    with speaking("es"):
        assert shown(address) == words
