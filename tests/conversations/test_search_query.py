"""What people type into the search, in Spanish and English, and what makes no sense."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.conversations.search_query import Query, parse
from hub.plumbing.texts import speaking

TODAY = date(2026, 11, 21)
MADRID = ZoneInfo("Europe/Madrid")


def asked(text: str) -> Query:
    return parse(text, today=TODAY, zone=MADRID)


def test_words_phrases_and_what_is_not_wanted() -> None:
    query = asked('pedido "sin entregar" -spam -"muy caro" https://acme.test')
    assert query.words == ["pedido", "https://acme.test"]
    assert query.phrases == ["sin entregar"]
    assert query.without == ["spam", "muy caro"]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("from:marta", "sender", "marta"), ("de:marta", "sender", "marta"), ("desde:marta", "sender", "marta"),
        ('contacto:"Marta Ruiz"', "contact", "Marta Ruiz"), ("canal:correo", "channel", "correo"),
        ("asignado:yo", "assignee_me", True), ("assignee:none", "assignee_none", True),
        ("ASIGNADO:Luis", "assignee", "Luis"), ("etiqueta:vip", "tags", ["vip"]), ("equipo:legal", "team", "legal"),
        ("estado:cerrada", "state", "closed"), ("status:snoozed", "state", "snoozed"),
        ("tiene:adjunto", "has_attachment", True), ("id:#77", "id", 77), ("#48213", "id", 48213),
        ("antes:2026-09-30", "before", datetime(2026, 9, 29, 22, tzinfo=UTC)),
        ("después:30/9/2026", "after", datetime(2026, 9, 29, 22, tzinfo=UTC)),
        ("desde:ayer", "after", datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ("after:7d", "after", datetime(2026, 11, 13, 23, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_operators_have_spanish_names(text: str, field: str, value: object) -> None:
    query = asked(text)
    assert getattr(query, field) == value
    assert not query.problems


@pytest.mark.parametrize(
    "text", ["status:foo", "has:hair", "id:abc", "before:31/2/2026", "after:0001-01-01", "-tag:x"]
)
def test_what_makes_no_sense_is_told_and_left_out(text: str) -> None:
    query = asked(text)
    assert query.problems
    assert query.is_empty
    with speaking("es"):
        assert asked(text).problems != query.problems, "said in Spanish too"


@given(st.text(max_size=600))
def test_nothing_typed_ever_raises(text: str) -> None:
    asked(text)
