"""What one personal mail costs to build: our letter against the standard library's two ways, in one run, interleaved.

A multipart of about 8.6 KB: ten variables, a loop, a condition, a subject with accents, a link to stop it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, default
from email.utils import format_datetime, formataddr
from statistics import median
from typing import Any

from hub.campaigns.letter import Counting, Letter
from hub.campaigns.rendering import render
from hub.campaigns.wording import Texts, compiled
from hub.channels.facts import Party
from hub.channels.mail.skeleton import Skeleton, ToWrite
from hub.plumbing.crypto import Crypto

ROUNDS, PEOPLE = 5, 400
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANA = Party("ana@empresa.test", "Ana Núñez")
WORDS = (
    "Le escribimos porque la revisión anual de su póliza está próxima y queremos ofrecerle un precio mejor. "
)
BODY = (
    "Hola {{ contact.first_name|default('amigo') }}:\n\n"
    + (WORDS * 3 + "\n\n") * 6
    + "Su cuenta {{ account.name }} ({{ account.tier }}) la lleva {{ owner.name }}, {{ owner.email }}.\n"
    "{% if contact.phone %}Le llamaremos al {{ contact.phone }}.\n{% else %}Díganos su teléfono.\n{% endif %}"
    "{% for one in bought.purchases %}- {{ one.name }}: {{ one.amount }}\n{% endfor %}"
    "En total {{ bought.total }}. Más en https://empresa.test/revision\n"
    "{{ contact.name }}, {{ contact.job_title }}: {{ unsubscribe.link }}\n"
)
TEXTS = Texts(
    subject="{{ contact.first_name|default('Hola') }}, su revisión toca en diciembre",
    text=BODY,
    html="<!DOCTYPE html><html><body><p>"
    + BODY.replace("\n", "<br>\n").replace(
        "https://empresa.test/revision", '<a href="https://empresa.test/revision">aquí</a>'
    )
    + "</p>"
    + f'<p class="pequeño">{WORDS}</p>\n' * 18
    + "</body></html>",
)
LINK = "https://empresa.test/revision"


def measure() -> dict[str, float]:
    """Microseconds of processor a mail by each way (medians of rounds), its bytes, and our way as a ratio of theirs."""
    people = [_person(number) for number in range(PEOPLE)]
    counting = Counting(base_url="https://dialogo.test", crypto=Crypto("s" * 40), links={LINK: 1})
    letter, counted = Letter.of(TEXTS, ANA), Letter.of(TEXTS, ANA, counting=counting)
    skeleton = Skeleton.of(ANA, ("plain", "html"))
    bodies = [one.wording for one in letter.bodies.values()]
    pieces = [[one.fill(people[0][0]).text.encode()] for one in bodies]
    approved = {to.message_id: render(TEXTS, values).hash for values, to in people}
    ways: dict[str, Callable[[dict[str, Any], ToWrite], object]] = {
        "letter": letter.write,
        "letter, links counted, compared with what was approved": lambda values, to: counted.write(
            values, to, recipient_id=41, approved=approved[to.message_id]
        ),
        "skeleton alone": lambda values, to: skeleton.write(to, "Su revisión toca en diciembre", pieces),
        "render alone": lambda values, to: [
            compiled(TEXTS.text).fill(values),
            compiled(TEXTS.html, html=True).fill(values),
        ],
        "render and hash": lambda values, to: render(TEXTS, values).hash,
        "EmailMessage": lambda values, to: _email_message(values, to).as_bytes(),
        "MIMEText": lambda values, to: _mime_text(values, to).as_bytes(),
    }
    _same(letter.write(*people[3]), _email_message(*people[3]).as_bytes())
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(_microseconds(way, people))
    found = {name: median(each) for name, each in times.items()}
    found["bytes"] = len(letter.write(*people[0]))
    found["EmailMessage ÷ letter (goal 10)"] = found["EmailMessage"] / found["letter"]
    found["MIMEText ÷ letter"] = found["MIMEText"] / found["letter"]
    found["letter ÷ render alone"] = found["letter"] / found["render alone"]
    return found


def _microseconds(
    way: Callable[[dict[str, Any], ToWrite], object], people: list[tuple[dict[str, Any], ToWrite]]
) -> float:
    before = time.process_time()
    for values, to in people:
        way(values, to)
    return (time.process_time() - before) / len(people) * 1e6


def _person(number: int) -> tuple[dict[str, Any], ToWrite]:
    stop = f"https://dialogo.test/u/{number:032x}"
    values: dict[str, Any] = {
        "contact.first_name": f"María {number}",
        "contact.name": f"María {number} Núñez",
        "contact.job_title": "Jefa de compras",
        "contact.phone": f"+34 600 {number:06}" if number % 3 else "",
        "account.name": f"Talleres Ibáñez {number}",
        "account.tier": "oro",
        "owner.name": "Ana López",
        "owner.email": "ana@empresa.test",
        "bought.total": f"{number}.234,50 €",
        "bought.purchases": [{"name": f"Seguro {one}", "amount": f"{number + one},00 €"} for one in range(3)],
        "unsubscribe.link": stop,
    }
    to = ToWrite(
        recipient=Party(f"maria{number}@talleres.test", f"María {number} Núñez"),
        message_id=f"r.{number}.abcdef@dialogo.test",
        date=AT,
        reply_address=f"ana+r.{number:024x}@empresa.test",
        unsubscribe_url=stop,
    )
    return values, to


def _email_message(values: dict[str, Any], to: ToWrite) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    content = render(TEXTS, values)
    _headers(message, content.subject, to)
    message.set_content(content.text)
    message.add_alternative(content.html, subtype="html")
    return message


def _mime_text(values: dict[str, Any], to: ToWrite) -> MIMEMultipart:
    message = MIMEMultipart("alternative")
    content = render(TEXTS, values)
    _headers(message, content.subject, to)
    message.attach(MIMEText(content.text, "plain", "utf-8"))
    message.attach(MIMEText(content.html, "html", "utf-8"))
    return message


def _headers(message: Message[Any, Any], subject: str, to: ToWrite) -> None:
    old = not isinstance(message, EmailMessage)  # it takes encoded words and nothing else
    message["From"] = formataddr((ANA.name, ANA.address)) if old else f"{ANA.name} <{ANA.address}>"
    name, address = to.recipient.name, to.recipient.address
    message["To"] = formataddr((name, address)) if old else f"{name} <{address}>"
    message["Reply-To"] = to.reply_address
    message["Subject"] = Header(subject, "utf-8").encode() if old else subject
    message["Date"] = format_datetime(to.date)
    message["Message-ID"] = f"<{to.message_id}>"
    message["X-Dialogo-Id"] = f"<{to.message_id}>"
    message["List-Unsubscribe"] = f"<{to.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _same(ours: bytes, theirs: bytes) -> None:
    """Both say the same: a measurement of two different things is none. Raises ValueError."""
    read = [message_from_bytes(raw, policy=default) for raw in (ours, theirs)]
    for name in ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe"):
        if len({str(one[name]) for one in read}) > 1:
            raise ValueError(f"the two mails differ in {name}")
    for kind in ("plain", "html"):
        texts = {str(one.get_body((kind,)).get_content()).replace("\r\n", "\n").rstrip("\n") for one in read}  # type: ignore[attr-defined]
        if len(texts) > 1:
            raise ValueError(f"the two mails differ in their {kind} text")


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>56} {value:10.1f}")
