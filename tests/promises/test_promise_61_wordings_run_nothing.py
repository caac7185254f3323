"""Wordings cannot run code, cannot hang, and escape what they are filled with."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.campaigns.letter import Letter
from hub.campaigns.wording import Texts, compiled
from hub.channels.facts import Party
from hub.channels.mail.skeleton import ToWrite
from hub.customers import personalising
from hub.customers.personalising import fill, first_name, wording
from hub.customers.variables import KNOWN
from hub.plumbing import sandbox
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import speaking

EVIL = '<img src=x onerror=alert(1)>{{7*7}}{% for i in range(10**9) %}{{ "".__class__ }}'
MARTA = {"contact.name": EVIL, "contact.first_name": "Marta", "account.domains": ["acme.test"] * 60}
LOOP = "{% for one in account.domains %}"
TO_MARTA = ToWrite(
    recipient=Party("marta@acme.test"), message_id="a@b.test", date=datetime(2026, 11, 22, tzinfo=UTC)
)
ATTACKS = {
    "arithmetic": "{{7*7}}",
    "power": "{{ 9**9**9 }}",
    "attributes of a constant": "{{''.__class__.__mro__[1].__subclasses__()}}",
    "attributes of a value": "{{contact.__class__}}",
    "attributes of an item": LOOP + "{{ one.__class__ }}{% endfor %}",
    "attr filter": "{{ contact.name|attr('__class__') }}",
    "map filter": "{{ account.domains|map(attribute='__class__') }}",
    "format filter": "{{ '{0.__class__}'|format(contact.name) }}",
    "format method": "{{ '{0.__class__}'.format(contact.name) }}",
    "item": "{{ contact['__class__'] }}",
    "a method of the values": "{{ contact.items }}",
    "loop of 10^9": "{% for i in range(10**9) %}{% endfor %}",
    "nested loops": (LOOP * 3 + "x" + "{% endfor %}" * 3).replace("one", "a", 1).replace("one", "b", 1),
    "multiplied text": "{{ 'a' * 10**9 }}",
    "doubled text": "{% set x = 'a' %}" + "{% set x = x ~ x %}" * 60,
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "namespace": "{% set ns = namespace() %}",
    "self": "{{ self._TemplateReference__context }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "call": "{{ contact.name() }}",
    "our own inside": "{{ _running.turns }}",
    "our own filter": "{{ account.domains|_turns(1) }}",
    "recursive loop": "{% for one in account.domains recursive %}{{ loop(one) }}{% endfor %}",
    "brackets": "{{" + "(" * 99_000,
    "nots": "{{ " + "not " * 20_000 + "contact.name }}",
    "braces": "{{" * 49_000,
    "comments": "{#" * 49_000,
    "digits": "{{" + "9" * 99_000 + "}}",
    "filters": "{{ contact.name" + "|upper" * 10_000 + "}}",
    "conditions": "{% if contact.name %}" * 4_000,
    "variables": "{{contact.name}}" * 6_000,
    "blanks": " \n" * 49_000 + "{{ x",
    "length": "a" * 200_000,
}


PIECES = (
    "{{ }} {% %} {# #} | default ( ) ' \" if else endif for in one endfor ~ . * not == 1 é set range raw - "
    "__class__ \\x41 \\ud800"
).split()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_promise_61_wordings_run_nothing(attack: str) -> None:
    """An error that says where and what to write instead, soon; never a value of ours, never a calculation."""
    started = time.process_time()
    with pytest.raises(Misworded) as told:
        fill(attack, MARTA)
    assert time.process_time() - started < 1
    assert told.value.line >= 1
    assert told.value.message.startswith(f"Line {told.value.line}: ")
    if len(attack) < 1_000:
        with pytest.raises(Misworded):
            Letter.of(Texts(html=attack), Party("ana@empresa.test")).write(MARTA, TO_MARTA)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ list.__class__ }}",
        "{{ list.x.y }}",
        "{{ list['x'] }}",
        "{{ link.m0 }}",
        "{% for list in account.domains %}{% endfor %}",
        "{% for _running in account.domains %}{% for one in account.domains %}{% endfor %}{% endfor %}",
        "{% for one in bought.purchases %}{{ one.items }}{{ one.keys }}{% endfor %}",
        "{% for one in bought.purchases %}{% for x in one.name %}{% endfor %}{% endfor %}",
        "{{ bought.purchases.name }}",
    ],
)
def test_what_only_campaigns_know_opens_no_door(attack: str) -> None:
    with pytest.raises(Misworded):
        compiled(attack)


def test_a_list_of_things_is_printed_as_text_and_nothing_else() -> None:
    evil = [{"name": EVIL, "date": "", "amount": "1"}]
    source = (
        "{{ bought.purchases }}{% for one in bought.purchases %}{{ one }} {{ one.name|upper }}{% endfor %}"
    )
    shown = compiled(source, html=True).fill({"bought.purchases": evil, "list.items": "x"}).text
    assert "<img" not in shown
    assert "<IMG" not in shown
    assert shown.count("{{7*7}}") == 3
    assert compiled("{{ list.items }}{{ list.values|default('-') }}").fill({"list.items": "x"}).text == "x-"


def test_what_a_customer_calls_themselves_is_only_text() -> None:
    assert fill("Hola {{ contact.name }}", MARTA).text == f"Hola {EVIL}"
    html = fill(
        '<p title="{{ contact.name }}">{{ contact.name|upper }}{{ "<b>" }}</p>', MARTA, html=True
    ).text
    assert "<img" not in html
    assert "<IMG" not in html
    assert html.count("&lt;") == 3
    assert "{{7*7}}" in html, "as it was written, not calculated"


def test_the_largest_wording_that_is_allowed_is_quick() -> None:
    source = ("{{ contact.name|default('x') }} y más texto. " * 1_500)[: sandbox.MOST_SOURCE]
    started = time.process_time()
    with pytest.raises(Misworded):
        fill(source, MARTA)  # too many parts
    fill("{{ contact.name|default('x') }}" * 600, MARTA)
    assert time.process_time() - started < 1
    with pytest.raises(Misworded):
        fill(LOOP + "{{ contact.name }}" * 400 + "{% endfor %}", MARTA | {"contact.name": "a" * 5_000})


@settings(max_examples=150, deadline=1_000)
@given(st.lists(st.sampled_from([*PIECES, *sorted(KNOWN), " ", "\n", "\0"]), max_size=25).map("".join))
def test_any_wording_is_filled_or_refused(source: str) -> None:
    for html in (False, True):
        try:
            filled = fill(source, MARTA, html=html)
        except Misworded:
            continue
        filled.text.encode()
        assert "\0" not in filled.text
        assert set(filled.missing) <= KNOWN


def test_what_is_missing_is_named_and_marked_unless_a_default_stands_behind_it() -> None:
    filled = fill(
        "Hola {{ contact.first_name }}: {{ contact.phone }} {{ owner.name|default('el equipo') }}", MARTA
    )
    assert filled.text == "Hola Marta: {{ contact.phone }} el equipo"
    assert filled.missing == ["contact.phone"]
    assert fill("{% if contact.phone %}{{ contact.phone }}{% else %}no{% endif %}", MARTA).missing == []
    assert fill("{{ contact.phone|upper|fallback('–') }}", MARTA).text == "–"
    assert personalising.unfilled(f"{filled.text} {{{{ other.thing }}}}") == ["contact.phone"]
    read = wording("{{ contact.name }}{{ owner.name|default('x') }}{% if account.tier %}1{% endif %}")
    assert read.variables == ("contact.name", "owner.name", "account.tier")
    assert read.bare == ("contact.name",)


def test_an_error_says_the_line_and_what_to_write_in_the_readers_language() -> None:
    with speaking("es"), pytest.raises(Misworded) as told:
        wording("Hola\n\n{{ contact.nmae }}")
    assert told.value.message == "Línea 3: no existe la variable «contact.nmae». ¿Querías decir contact.name?"
    with pytest.raises(Misworded, match=r"Line 2: there is no filter “shout”\. Use one of: default"):
        wording("a\n{{ contact.name|shout }}")


@pytest.mark.parametrize(
    ("name", "first"),
    [("Marta Ruiz", "Marta"), ("Ruiz, Marta", "Marta"), ("  ", ""), ("marta@acme.test", ""), ("+34 600", "")],
)
def test_the_word_one_calls_somebody_by(name: str, first: str) -> None:
    assert first_name(name) == first


def test_a_tag_in_a_line_keeps_its_line_end_and_one_alone_takes_its_line_away() -> None:
    plain = {"contact.name": "Marta Ruiz"}
    inline = "Hola{% if contact.name %} {{ contact.name }}{% endif %}\n\nAdiós"
    assert fill(inline, plain).text == "Hola Marta Ruiz\n\nAdiós"
    whole = "{% if contact.name %}Hola{% endif %}\n\nAdiós"
    assert fill(whole, plain).text == "Hola\n\nAdiós"
    alone = "Hola\n  {% if contact.name %}  \n{{ contact.name }}\n{% endif %}\nAdiós\n"
    assert fill(alone, plain).text == "Hola\nMarta Ruiz\nAdiós\n"
    assert fill("A\n{% if contact.name -%}\n  B\n{% endif %}\n", plain).text == "A\nB\n"
    with pytest.raises(Misworded) as caught:
        fill("{% if contact.name %}\n{% endif %}\n{{ nobody.knows }}", plain)
    assert caught.value.line == 3
