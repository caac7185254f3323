"""A mail forwarded as an attachment (message/rfc822), readable below the text that carried it."""

from __future__ import annotations

from hub.channels.facts import Attached
from hub.channels.mail.bodies import sort_parts
from hub.channels.mail.charsets import decode
from hub.channels.mail.html_text import to_lines
from hub.channels.mail.mime import Mail, read_mail
from hub.channels.mail.words import header_text
from hub.channels.text import with_plain_ends
from hub.plumbing.texts import N_, _

_LONGEST = 200_000
_SHOWN = {
    "from": N_("From: %(value)s"),
    "date": N_("Date: %(value)s"),
    "to": N_("To: %(value)s"),
    "subject": N_("Subject: %(value)s"),
}


def is_mail(file: Attached) -> bool:
    """Is this file a mail?"""
    return file.type in ("message/rfc822", "message/global")


def readable(file: Attached) -> str:
    """Its sender, date, subject and text; mails inside it stay closed."""
    mail = read_mail(file.content)
    found = {name: header_text(mail.root.headers.raw(name), 1_000) for name in _SHOWN}
    lines = [_(_SHOWN[name], value=value) for name, value in found.items() if value]
    text = _text(mail)
    if not lines and not text:
        return ""
    return "\n".join([f"---------- {_('Forwarded message')} ----------", *lines, "", text]).rstrip()


def _text(mail: Mail) -> str:
    texts: list[str] = []
    for part in sort_parts(mail).text:
        text = with_plain_ends(decode(mail.content(part), part.params.get("charset", "")))
        texts.append(to_lines(text).text if part.type == "text/html" else text.strip("\n"))
    return "\n\n".join(text for text in texts if text.strip())[:_LONGEST]
