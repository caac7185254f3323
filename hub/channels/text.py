"""Text from strangers made safe to store and to put on one line."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BREAKS = re.compile("(?:[\x00-\x1f\x7f\x85\u2028\u2029] *)+")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def storable(text: str) -> str:
    """What PostgreSQL and JSON take: no NUL, no other control character but tab and line ends, no lone surrogate."""
    if _UNSTORABLE.search(text) is None:
        return text
    return _UNSTORABLE.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else "", text)


def with_plain_ends(text: str) -> str:
    """Line ends of any system as `\\n`."""
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    """Storable, and on one line: every run of line ends and control characters becomes one space."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return _UNSTORABLE.sub("\ufffd", _BREAKS.sub(" ", text)).strip(" ")


def without_direction_tricks(text: str) -> str:
    """Without the marks that turn `exe.fdp` into `pdf.exe` on a screen."""
    return _BIDI.sub("", text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
