"""A mail with a file in it, for the promises about what is stored where."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from tests.world import LINE


def attached_mail(number: int, content: bytes, *, people: int = 30) -> bytes:
    """The mail `Asunto NUMBER` from one of a few new people, with one binary attachment."""
    sender = number % people
    message = EmailMessage(policy=SMTP)
    message["From"] = f"P{sender} <p{sender}@new.test>"
    message["To"] = LINE
    message["Subject"] = f"Asunto {number}"
    message["Message-ID"] = f"<{number}@n.test>"
    message["Date"] = "Sat, 21 Nov 2026 10:00:00 +0100"
    message.set_content(f"Adjunto va el albarán {number}.")
    message.add_attachment(
        content, maintype="application", subtype="octet-stream", filename=f"albaran-{number}.bin"
    )
    return message.as_bytes()
