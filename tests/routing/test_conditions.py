"""What a rule may look at, one line each."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from hub.routing import yaml_text
from hub.routing.rules import Rule
from tests.routing.cast import MARTA, case

MONDAY_9_MADRID = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def holds(when: str, **asked: object) -> bool:
    row = yaml_text.read(f"rows:\n  - rule: R\n    when: {when}\n    then: {{stop: true}}\n")[0]
    assert isinstance(row, Rule)
    return row.when.holds(case(**asked))


@pytest.mark.parametrize(
    ("condition", "asked", "expected"),
    [
        ("channel: Support mail", {}, True),
        ("channel: [SMS, SUPPORT MAIL]", {}, True),
        ("channel: SMS", {}, False),
        ("kind: email", {}, True),
        ("kind: sms", {}, False),
        ("address: help@dialogo.test", {}, True),
        ("address: HELP@dialogo.test", {}, True),
        ("address: sales@dialogo.test", {}, False),
        ("sender: jorge@gmail.com", {}, True),
        ("sender: [ana@x.test, Jorge@Gmail.com]", {}, True),
        ("domain: acme.test", MARTA, True),
        ("domain: '@acme.test'", MARTA, True),
        ("domain: acme.test", {"domain": "mail.acme.test"}, True),
        ("domain: acme.test", {"domain": "notacme.test"}, False),
        ("domain: acme.test", {"domain": ""}, False),
        ("account: acme", MARTA, True),
        ("account: Acme", {}, False),
        ("tier: Gold", MARTA, True),
        ("tier: gold", {}, False),
        ("standing: confirmed", MARTA, True),
        ("standing: none", {}, True),
        ("standing: [suggested, none]", MARTA, False),
        ("language: es", {}, True),
        ("language: [en, fr]", {}, False),
        ("verified: true", MARTA, True),
        ("verified: false", {}, True),
        ("automatic: true", {"automatic": True}, True),
        ("automatic: true", {}, False),
        ("tagged: Facturación", {"tags": ("facturacion",)}, True),
        ("tagged: envío", {}, False),
    ],
)
def test_a_condition_answers_one_question(condition, asked, expected):
    assert holds(f"{{all: [{{{condition}}}]}}", **asked) is expected
    assert holds(f"{{not: [{{{condition}}}]}}", **asked) is not expected


@pytest.mark.parametrize(
    ("condition", "subject", "text", "expected"),
    [
        ("envío", "", "¿Dónde está mi ENVIO?", True),
        ("envio", "", "El envío, por favor", True),
        ("pedido", "Re: Pedido 48213", "", True),
        ("pedido", "pedidos", "", False),
        ("'pedido*'", "pedidos", "", True),
        ("'no llega'", "", "mi paquete no   llega\naún", True),
        ("'no llega'", "", "no, llega mañana", True),
        ("'no llega'", "no", "llega", False),
        ("art", "", "departamento", False),
        ("'a.*b'", "", "axxb", False),
        ("'[x]'", "", "x", True),
        ("{contains: hola, where: subject}", "", "hola", False),
        ("{contains: hola, where: subject}", "Hola", "", True),
        ("{contains: [adios, hola], where: text}", "hola", "hola", True),
        ("tarde", "", "x " * 2_000 + "tarde", False),
    ],
)
def test_text_is_found_as_people_mean_it(condition, subject, text, expected):
    assert holds(f"{{all: [{{text: {condition}}}]}}", subject=subject, text=text) is expected


def test_no_text_makes_a_condition_slow():
    began = time.process_time()
    for text in ("a" * 4_000, "a " * 2_000, "é" * 4_000, "(" * 4_000):
        holds("{all: [{text: ['a a a a a a a a b', '(a+)+b', 'aaaa*']}]}", text=text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        ("{}", MONDAY_9_MADRID, True),
        ("{}", MONDAY_9_MADRID.replace(hour=7, minute=59), False),
        ("{}", MONDAY_9_MADRID.replace(hour=16, minute=59), True),
        ("{}", MONDAY_9_MADRID.replace(hour=17), False),
        ("{outside: true}", MONDAY_9_MADRID.replace(hour=17), True),
        ("{days: [sun]}", MONDAY_9_MADRID, False),
        ("{zone: America/Mexico_City}", MONDAY_9_MADRID, False),
        ("{zone: America/Mexico_City}", MONDAY_9_MADRID.replace(hour=15), True),
        # summer: 9:00 in Madrid is 7:00 UTC
        ("{}", datetime(2026, 7, 6, 7, 0, tzinfo=UTC), True),
        ("{}", datetime(2026, 7, 6, 6, 59, tzinfo=UTC), False),
        # a night that passes midnight belongs to the day it began
        ("{days: [mon], from: '22:00', to: '06:00'}", datetime(2026, 11, 24, 4, 0, tzinfo=UTC), True),
        ("{days: [tue], from: '22:00', to: '06:00'}", datetime(2026, 11, 24, 4, 0, tzinfo=UTC), False),
        ("{days: [mon], from: '22:00', to: '06:00'}", datetime(2026, 11, 23, 21, 30, tzinfo=UTC), True),
        ("{days: [mon], from: '22:00', to: '06:00'}", datetime(2026, 11, 24, 5, 0, tzinfo=UTC), False),
    ],
)
def test_hours_are_those_of_their_zone(hours, moment, expected):
    assert holds(f"{{all: [{{hours: {hours}}}]}}", at=moment) is expected


def test_all_any_and_not_together():
    when = "{all: [{kind: email}], any: [{text: pedido}, {text: factura}], not: [{verified: true}]}"
    assert holds(when)
    assert not holds(when, kind="sms")
    assert not holds(when, subject="hola")
    assert not holds(when, verified=True)
    assert holds("{}")
