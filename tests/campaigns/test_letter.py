"""What a campaign's mail says is what its plain rendering says, whatever a customer is called."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.campaigns import links, tracking
from hub.campaigns.letter import Changed, Counting, Incomplete, Letter
from hub.campaigns.rendering import Content, render
from hub.campaigns.wording import Texts, used
from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.email.sending import dot_stuffed
from hub.channels.facts import MessageReceived, Party
from hub.channels.mail.skeleton import ToWrite
from hub.channels.outgoing import Line
from hub.plumbing.crypto import Crypto

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="marta@acme.test")
ANA = Party("ana@empresa.test", "Ana Núñez")
AT = datetime(2026, 11, 22, 9, 0, 5, 123, tzinfo=UTC)
UNSUBSCRIBE = "https://dialogo.test/u/abcdefgh"
TEXTS = Texts(
    subject="{{ contact.first_name|default('Hola') }}, tu revisión de {{ bought.last }}",
    text=(
        "Hola {{ contact.name }}:\n\n.Un punto. {{ bought.last }}\nFrom aquí {{ owner.name }} \n"
        "{% if contact.phone %}¿Sigue siendo {{ contact.phone }}?\n{% else %}\n{% endif %}"
        "{% for one in bought.purchases %}- {{ one.name }}: {{ one.amount }}\n{% endfor %}"
        "Más en https://empresa.test/a?b=1&c=2. Baja: {{ unsubscribe.link }}"
    ),
    html=(
        '<p title="{{ contact.name }}">Hola {{ contact.name }}</p>\n<ul>'
        "{% for one in bought.purchases %}<li>{{ one.name }}</li>{% endfor %}</ul>"
        '<a href="https://empresa.test/a?b=1&amp;c=2">Ver</a> <a href="https://x.test/{{ contact.phone }}">tú</a>'
        ' <a href="{{ unsubscribe.link }}">Baja</a></body></html>'
    ),
    short="Hola {{ contact.first_name }}",
)
MARTA: dict[str, Any] = {
    "contact.name": "Marta Ruiz", "contact.first_name": "Marta", "contact.phone": "+34 600 000 000",
    "bought.last": "Seguro de hogar", "owner.name": "Ana", "unsubscribe.link": UNSUBSCRIBE,
    "bought.purchases": [{"name": "Silla", "amount": "34,00 €"}, {"name": "Mesa", "amount": "9 €"}],
}  # fmt: skip
EVIL = ("x\r\nBcc: victim@evil.example\r\n\r\nbody", "\r\n.\r\nMAIL FROM:<a@b>", "\n.\n..\n", "a" * 900, "=" * 90,
        "🙂" * 60, "مرحبا \u202eabc", "nul\0x", "\ud800", "  ", "From x", ".", "<b>&'\"", "{{ contact.name }}",
        "=?utf-8?q?=0D=0ABcc:_x?=")  # fmt: skip


def to_marta(**changes: Any) -> ToWrite:
    given: dict[str, Any] = {
        "recipient": Party("marta@acme.test", "Marta Ruiz"), "message_id": "r.7.ab@dialogo.test", "date": AT,
        "reply_address": "ana+r.tok@empresa.test", "unsubscribe_url": UNSUBSCRIBE,
    }  # fmt: skip
    return ToWrite(**(given | changes))


def theirs(raw: bytes) -> tuple[EmailMessage, list[str]]:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    parts = [part for part in message.walk() if not part.is_multipart()]
    payloads = [part.get_payload(decode=True) for part in parts]
    return message, [one.decode().replace("\r\n", "\n") for one in payloads if isinstance(one, bytes)]


def ours(raw: bytes) -> MessageReceived:
    fact = EmailAdapter().parse(Raw(body=raw), LINE)[0]
    assert isinstance(fact, MessageReceived)
    return fact


def assert_clean(raw: bytes) -> None:
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 998
        assert not line.startswith((b".", b"From "))
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76


def test_the_mail_of_one_person_reads_as_it_was_shown() -> None:
    raw = Letter.of(TEXTS, ANA, feedback_id="12:1a:campaign:dialogo").write(MARTA, to_marta())
    shown = render(TEXTS, MARTA)
    assert_clean(raw)
    message, bodies = theirs(raw)
    assert bodies == [shown.text, shown.html]
    assert shown.subject == message["Subject"] == ours(raw).subject == "Marta, tu revisión de Seguro de hogar"
    assert ours(raw).text == shown.text
    assert shown.short == "Hola Marta"
    assert "¿Sigue siendo +34 600 000 000?\n- Silla: 34,00 €\n- Mesa: 9 €\nMás" in shown.text
    assert message["From"].addresses[0].display_name == "Ana Núñez"
    assert message["To"].addresses[0].addr_spec == "marta@acme.test"
    assert message["Reply-To"].addresses[0].addr_spec == "ana+r.tok@empresa.test"
    assert message["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == message["X-Dialogo-Id"] == "<r.7.ab@dialogo.test>"
    assert message["Date"].datetime == AT.replace(microsecond=0)
    assert "Precedence" not in message


ANY = st.text(max_size=120) | st.sampled_from(EVIL)


@settings(max_examples=120, deadline=None)
@given(name=ANY, last=ANY, item=ANY, phone=ANY, literal=st.text(alphabet=".= \nFrom añ🙂", max_size=90))
def test_whatever_people_and_things_are_called(
    name: str, last: str, item: str, phone: str, literal: str
) -> None:
    """Decoded by the standard library and by ours, letter for letter what the plain rendering says."""
    values = MARTA | {
        "contact.name": name,
        "contact.first_name": name,
        "contact.phone": phone,
        "bought.last": last,
    }
    values["bought.purchases"] = [{"name": item, "date": "", "amount": "1"}] * 2
    texts = Texts(
        subject="{{ contact.first_name|default('H') }} {{ bought.last|default('x') }}",
        text=TEXTS.text.replace("Un punto", literal).replace("}}", "|default('-') }}"),
        html=TEXTS.html.replace("Hola", literal).replace("}}", "|default('-') }}"),
    )
    shown = render(texts, values)
    to = to_marta(recipient=Party("marta@acme.test", name))
    raw = Letter.of(texts, ANA).write(values, to, approved=shown.hash)
    assert dot_stuffed(raw) == raw + b".\r\n", "nothing in it can end the mail early"
    assert_clean(raw)
    message, bodies = theirs(raw)
    assert bodies == [shown.text, shown.html]
    assert set(message.keys()) == KNOWN
    assert len(message.get_all("Subject", [])) == 1
    fact = ours(raw)
    assert fact.subject == shown.subject
    assert fact.to[0].address == "marta@acme.test"
    assert len({shown.hash, render(texts, dict(values)).hash}) == 1


KNOWN = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "X-Dialogo-Id", "List-Unsubscribe",
         "List-Unsubscribe-Post", "MIME-Version", "Content-Type"}  # fmt: skip


CRYPTO = Crypto("a secret of the tests, long enough to be one")
FIXED = "https://empresa.test/a?b=1&c=2"


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_a_sender_is_called_becomes_a_header(evil: str) -> None:
    message, _bodies = theirs(Letter.of(TEXTS, Party("ana@empresa.test", evil)).write(MARTA, to_marta()))
    assert set(message.keys()) == KNOWN
    assert message["From"].addresses[0].addr_spec == "ana@empresa.test"


def test_what_groups_complaints_is_no_place_for_headers() -> None:
    with pytest.raises(ValueError):
        Letter.of(TEXTS, ANA, feedback_id="a\r\nBcc: b")


def test_links_that_are_the_same_for_all_are_counted_and_nothing_else_changes() -> None:
    assert links.found(TEXTS) == [FIXED], "not the one with a telephone in it, nor ours"
    counting = Counting(base_url="https://dialogo.test", crypto=CRYPTO, links={FIXED: 3}, opens=True)
    letter = Letter.of(TEXTS, ANA, counting=counting)
    raw = letter.write(MARTA, to_marta(), recipient_id=41)
    shown = render(TEXTS, MARTA)
    named = tracking.link_url("https://dialogo.test", CRYPTO, 41, 3)
    opened = tracking.open_url("https://dialogo.test", CRYPTO, 41)
    pixel = f'<img src="{opened}" width="1" height="1" alt="">'
    assert theirs(raw)[1] == [
        shown.text.replace(FIXED, named),
        shown.html.replace(FIXED.replace("&", "&amp;"), named).replace("</body>", f"{pixel}</body>"),
    ]
    assert (
        Letter.of(TEXTS, ANA, counting=counting).write(
            MARTA, to_marta(), recipient_id=41, approved=shown.hash
        )
        == raw
    )
    assert FIXED.encode() not in raw.replace(b"=\r\n", b"").replace(b"=3D", b"=")
    assert_clean(raw)


@pytest.mark.parametrize(
    "html",
    [
        '<base href="https://x.test/"><link href="https://x.test/a.css">',
        '{{ contact.name|default("https://x.test") }}',
        '<a href="{% if contact.name %}https://x.test{% endif %}">',
        '{# <a href="https://x.test"> #}',
        "{% raw %}<a href='https://x.test'>{% endraw %}",
        '<a href="mailto:a@x.test">',
        "<p>https://x.test</p>",
    ],
)
def test_what_is_no_link_of_its_own_stays(html: str) -> None:
    assert links.counted(html, {"https://x.test": 1}, html=True) == (html, [])


def test_nobody_gets_a_blank_that_is_not_filled() -> None:
    with pytest.raises(Incomplete) as told:
        Letter.of(TEXTS, ANA).write({"contact.name": "Marta"}, to_marta())
    assert told.value.names == ["bought.last", "owner.name", "contact.phone"]
    assert render(TEXTS, {}).missing == (
        *("contact.name", "bought.last", "owner.name", "unsubscribe.link", "contact.phone"),
        "contact.first_name",
    )


def test_only_what_was_approved_leaves() -> None:
    texts = msgspec.structs.replace(TEXTS, approved_variables={"1": "{{ contact.name }}"})
    shown = render(texts, MARTA)
    letter = Letter.of(texts, ANA)
    assert letter.write(MARTA, to_marta(), approved=shown.hash) == letter.write(MARTA, to_marta())
    for other in ({"contact.name": "Marta"}, {"contact.first_name": "Marta R."}):
        with pytest.raises(Changed):
            letter.write(MARTA | other, to_marta(), approved=shown.hash)


def test_words_for_one_person_alone_leave_as_they_were_written() -> None:
    shown = render(TEXTS, MARTA, own={"text": "Solo para ti:\r\n{{ 7 }}\n.", "html": "", "subject": "Tú"})
    letter = Letter.of(TEXTS, ANA)
    raw = letter.write_own(shown, to_marta())
    assert theirs(raw)[1] == ["Solo para ti:\n{{ 7 }}\n.\n"], "the last line end is the mail's"
    assert ours(raw).subject == "Tú"
    assert_clean(raw)
    assert shown.hash != render(TEXTS, MARTA).hash


def test_every_letter_of_the_content_is_in_its_hash() -> None:
    content = Content(subject="a", text="b", html="c", short="d", approved={"1": "e"})
    others = [
        msgspec.structs.replace(content, subject="ab", text=""),
        msgspec.structs.replace(content, html="cd", short=""),
        msgspec.structs.replace(content, approved={"1e": ""}),
        msgspec.structs.replace(content, text="B"),
    ]
    assert content.hash not in {one.hash for one in others}
    assert len({one.hash for one in others}) == len(others)
    assert used(TEXTS) >= {"contact.name", "bought.purchases", "unsubscribe.link"}


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": Party("a@b.test\r\nBcc: c@d.test")},
        {"message_id": "a\r\nBcc: b"},
        {"reply_address": "x@y.test>\r\nBcc: a@b"},
        {"unsubscribe_url": "https://a.test/\r\nBcc: x"},
        {"unsubscribe_url": "javascript:alert(1)"},
    ],
)
def test_what_cannot_stand_in_a_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Letter.of(TEXTS, ANA).write(MARTA, to_marta(**changes))
