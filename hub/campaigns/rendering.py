"""What one person reads: a campaign's wordings filled with their values, frozen by the hash of what was approved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from hub.campaigns.wording import Texts, compiled
from hub.channels.base import Capabilities
from hub.channels.text import one_line
from hub.customers.personalising import cleaned
from hub.customers.variables import Values


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The finished message of one recipient. `short`: where it is counted in parts, the same as `text` without one.

    `missing`: variables that were empty and had no default; each stands in the texts as `{{ name }}`. And the blanks
    of an approved text nothing stands in: providers take neither that nor a line break.
    """

    subject: str
    text: str
    html: str
    short: str
    approved: dict[str, str] = {}
    missing: tuple[str, ...] = ()

    @property
    def hash(self) -> bytes:
        """SHA-256 of every letter of it; the same content always has the same, and no other has it."""
        shown = (self.subject, self.text, self.html, self.short)
        return digest([one.encode() for one in shown], self.approved)

    def said_on(self, can: Capabilities) -> str:
        """Its text on a channel that can do so much."""
        return self.short if can.parts else self.text


def render(texts: Texts, values: Values, own: Mapping[str, str] | None = None) -> Content:
    """The message with one person's values; pure, and always the same for the same.

    `own`: finished texts by field that somebody wrote for this person alone. Raises Misworded.
    """
    own = own or {}
    missing: dict[str, None] = {}

    def said(field: str, source: str) -> str:
        if field in own:
            return cleaned(own[field])
        if "{" not in source:  # as most short texts and subjects of tests are
            return cleaned(source)
        filled = compiled(source, html=field == "html").fill(values)
        missing.update(dict.fromkeys(filled.missing))
        return filled.text

    text = said("text", texts.text)
    blanks = {name: subject_line(said("", source)) for name, source in texts.approved_variables.items()}
    missing.update(dict.fromkeys(f"{{{{{name}}}}}" for name, value in blanks.items() if not value))
    return Content(
        subject=subject_line(said("subject", texts.subject)),
        text=text,
        html=said("html", texts.html),
        short=said("short", texts.short) if texts.short or "short" in own else text,
        approved=blanks,
        missing=tuple(missing),
    )


def digest(shown: Sequence[bytes], approved: Mapping[str, str]) -> bytes:
    """The hash of a content: its subject, text, html and short form in UTF-8, and what fills an approved text."""
    pieces = [*shown, *(piece.encode() for pair in sorted(approved.items()) for piece in pair)]
    lengths = ",".join(str(len(one)) for one in pieces).encode()
    return hashlib.sha256(b"\n".join((lengths, *pieces))).digest()


def subject_line(text: str) -> str:
    """A filled subject on one line: what an empty variable leaves behind is one space."""
    return " ".join(one_line(text).split())
