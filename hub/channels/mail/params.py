"""The value and parameters of Content-Type and Content-Disposition (RFC 2045, 2231), as mailers really write them."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from hub.channels.mail.charsets import decode
from hub.channels.mail.words import decode_words, raw_text
from hub.channels.text import one_line, storable

_LIMIT = 8_192
_MOST = 200
_PARAM = re.compile(r';?\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^;]*))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"^(.+?)(?:\*(\d{1,4}))?(\*)?$")

Parameters = dict[str, str]


def read_params(value: bytes) -> tuple[str, Parameters]:
    """`(value in lower case, parameters by lower-case name)`; continuations joined, charsets decoded."""
    text = raw_text(value[:_LIMIT])
    head, _, rest = text.partition(";")
    head = head.strip()
    if " " in head and "=" in head:  # "text/plain charset=utf-8": the semicolon was forgotten
        head, _, rest = text.partition(" ")
    return head.strip("\"' ").lower(), _parameters(rest)


def _parameters(text: str) -> Parameters:
    if "=" not in text:
        return {}
    plain: Parameters = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for count, found in enumerate(_PARAM.finditer(text)):
        if count >= _MOST:
            break
        name, quoted, bare = found[1].lower(), found[2], found[3]
        value = _ESCAPED.sub(_unescaped, quoted) if quoted is not None else bare.strip().strip("'\"")
        if "*" in name:
            _keep_section(sections, name, value)
        else:
            plain.setdefault(name, value)
    for name, pieces in sections.items():
        plain[name] = _joined(pieces)
    return {name: one_line(decode_words(value)) for name, value in plain.items()}


def _unescaped(found: re.Match[str]) -> str:
    # Old Outlook writes C:\path\file.txt without escaping: keep the backslash before a letter.
    return found[1] if found[1] in '"\\' else found[0]


def _keep_section(sections: dict[str, list[tuple[int, bool, str]]], name: str, value: str) -> None:
    parts = _SECTION.match(name)
    if parts is None:
        return
    sections.setdefault(parts[1], []).append((int(parts[2] or 0), bool(parts[3]), value))


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """RFC 2231 §3, §4: sections in order, percent-encoded ones joined as bytes before decoding."""
    charset = ""
    content = b""
    for position, (_, encoded, value) in enumerate(sorted(pieces, key=lambda piece: piece[0])):
        if encoded and position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        content += unquote_to_bytes(storable(value)) if encoded else value.encode("utf-8", "replace")
    return decode(content, charset)
