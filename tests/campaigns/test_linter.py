"""What the linter says of a campaign's message, in the words of who reads it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.campaigns.findings import blocks
from hub.campaigns.linter import Audience, costs, lint
from hub.campaigns.rendering import render
from hub.campaigns.wording import Texts
from hub.channels.registry import adapter
from hub.plumbing.texts import speaking

GOOD = Texts(
    subject="{{ contact.first_name|default('Hola') }}, tu revisión",
    text="Hola {{ contact.first_name|default('amigo') }}: mira https://empresa.test. Baja: {{ unsubscribe.link }}",
    html='<p>Hola {{ contact.first_name|default("amigo") }}: <a href="https://empresa.test">mira</a> '
    '<img src="https://empresa.test/a.png" alt=""></p><a href="{{ unsubscribe.link }}">Baja</a>',
    short="Hola {{ contact.first_name|default('amigo') }}",
)
OTHER = " ".join("palabra" + letter * (n + 2) for letter in "abcdefghij" for n in range(9))
MAIL, SMS, WHATSAPP = (adapter(kind) for kind in ("email", "sms", "whatsapp"))


def found(
    audience: Audience | None = None, channels: Any = (MAIL,), **changes: str
) -> list[tuple[str, str, str, int]]:
    texts = Texts(
        **({field: getattr(GOOD, field) for field in ("subject", "text", "html", "short")} | changes)
    )
    return [(one.severity, one.code, one.field, one.line) for one in lint(texts, channels, audience)]


def test_a_good_message_has_no_findings() -> None:
    assert found() == []
    assert lint(GOOD) == []
    assert found(html=GOOD.html + "<p>Siempre online = cerca</p>") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"subject": " "}, ("error", "no_subject", "subject", 0)),
        ({"subject": "a" * 61}, ("warning", "long_subject", "subject", 0)),
        ({"subject": "{{ contact.nmae }}"}, ("error", "misworded", "subject", 1)),
        ({"text": GOOD.text + "\n\n{% if x %}{% endif %}"}, ("error", "misworded", "text", 3)),
        ({"text": GOOD.text + "{{ contact.phone }}"}, ("warning", "bare", "text", 0)),
        ({"text": "Hola", "html": ""}, ("error", "no_unsubscribe", "text", 0)),
        ({"text": "Hola"}, ("warning", "no_unsubscribe", "text", 0)),
        ({"html": "<p>Hola</p>"}, ("error", "no_unsubscribe", "html", 0)),
        ({"text": "", "html": ""}, ("error", "no_text", "text", 0)),
        ({"text": ""}, ("warning", "no_text", "text", 0)),
        ({"html": GOOD.html + '\n<a href="http://a.test">x</a>'}, ("warning", "insecure_link", "html", 2)),
        ({"text": GOOD.text + "\nhttp://a.test"}, ("warning", "insecure_link", "text", 2)),
        ({"html": GOOD.html + '\n\n<a href="www.empresa">x</a>'}, ("error", "no_link", "html", 3)),
        ({"html": GOOD.html + "<a href='https://'>x</a>"}, ("error", "no_link", "html", 1)),
        ({"html": GOOD.html + '\n<img src="https://a.test/a.png">'}, ("warning", "no_alt", "html", 2)),
        ({"html": GOOD.html + "<script>1</script>"}, ("error", "refused", "html", 1)),
        ({"html": GOOD.html + '<a href="javascript:x">'}, ("error", "refused", "html", 1)),
        ({"html": GOOD.html + '<p class="x" onclick="y">'}, ("error", "refused", "html", 1)),
        ({"html": f"{GOOD.html}<!-- {'ñ' * 60_000} -->"}, ("warning", "too_big", "html", 0)),
        ({"text": GOOD.text + OTHER}, ("warning", "text_differs", "text", 0)),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(
    changes: dict[str, str], expected: tuple[str, str, str, int]
) -> None:
    assert expected in found(**changes)


def test_a_column_no_list_has_is_an_error_and_an_empty_variable_a_warning() -> None:
    texts = Texts(
        subject="s",
        text="{{ contact.phone }} {{ list.poliza|default('') }} {{ list.otra }} {{ unsubscribe.link }}",
    )
    told = Audience(total=50, columns=frozenset({"list.poliza"}))
    with speaking("es"):
        words = [(one.severity, one.words) for one in lint(texts, [MAIL], told)]
    assert words == [
        ("error", "La lista no tiene una columna para list.otra."),
        (
            "warning",
            'Quien no tenga contact.phone se quedaría sin mensaje. Escribe {{ contact.phone|default("…") }}.',
        ),
    ]


def test_short_messages_are_counted_in_parts_and_money() -> None:
    texts = Texts(short="ñandú " * 40)
    (finding,) = lint(texts, [SMS], Audience(total=1_000))
    assert (finding.code, finding.severity) == ("parts", "warning")
    assert "4000" in finding.words
    (unknown,) = lint(texts, [SMS])
    assert "€" not in unknown.words, "of nobody knows how many there is no price"
    (cost,) = costs(render(texts, {}), [SMS, MAIL], 1_000)
    assert (cost.parts, cost.total_parts, cost.encoding) == (4, 4_000, "UCS-2")
    assert cost.euros == pytest.approx(40 * SMS.can.cost)
    assert found(channels=[SMS], subject="", html="") == [], "no subject, no link: STOP is the carrier's"
    assert not blocks(lint(texts, [SMS]))


def test_where_only_approved_texts_pass_one_is_needed() -> None:
    assert ("error", "no_approved_text", "approved_text_id", 0) in found(channels=[WHATSAPP])
    assert blocks(lint(GOOD, [WHATSAPP]))


@pytest.mark.parametrize(
    "html",
    [
        '<a href="' + "{{a}}" * 9_000,
        "<img " * 9_000,
        "{{" * 9_000,
        " href='" * 9_000,
        "<style" * 9_000,
        "<a x " * 9_000,
    ],
)
def test_no_html_takes_long_to_look_at(html: str) -> None:
    started = time.process_time()
    lint(Texts(subject="s", text="x " * 100, html=html), [MAIL])
    assert time.process_time() - started < 2
