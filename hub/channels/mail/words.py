"""Header bytes to text: unfolding, raw 8-bit, encoded words (RFC 2047), also the broken ones."""

from __future__ import annotations

import binascii
import re

from hub.channels.mail.charsets import codec, decode, guess
from hub.channels.text import one_line, storable

_FOLD = re.compile(rb"[\r\n]+[ \t]*")
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)(\?=|$)")
_LOOSE = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?(.{0,1000}?)(\?=|$)", re.DOTALL)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def raw_text(value: bytes) -> str:
    """A header's bytes as text, unfolded, nothing decoded; raw 8-bit is read as UTF-8, else guessed."""
    if b"\n" in value or b"\r" in value:
        value = _FOLD.sub(b" ", value)
    value = value.strip(b" \t")
    if b"\x1b" in value:
        return decode(value)
    return value.decode("ascii") if value.isascii() else storable(guess(value))


def decode_words(text: str) -> str:
    """With its encoded words decoded; what cannot be decoded stays as it was. Storable, may hold CR or LF."""
    if "=?" not in text:
        return storable(text)
    found = list(_WORD.finditer(text)) or list(_LOOSE.finditer(text))
    if not found:
        return storable(text)
    return storable("".join(_pieces(text, found)))


def header_text(value: bytes, limit: int = 10_000) -> str:
    """One header as people read it: unfolded, decoded, on one line."""
    return one_line(decode_words(raw_text(value[:limit])))


def _pieces(text: str, found: list[re.Match[str]]) -> list[str]:
    """Adjacent words of one charset are joined as bytes first: senders split inside a character."""
    pieces: list[str] = []
    charset, content, end = "", b"", 0
    for word in found:
        between = text[end : word.start()]
        label = word[1].split("*")[0].lower()
        if between.strip() or (content and label != charset):
            pieces.append(_flushed(content, charset))
            content = b""
        if between.strip() or end == 0:
            pieces.append(between)
        charset, content, end = label, content + _word_bytes(word[2], word[3]), word.end()
    pieces.append(_flushed(content, charset))
    pieces.append(text[end:])
    return pieces


def _flushed(content: bytes, charset: str) -> str:
    return decode(content, charset if codec(charset) else "") if content else ""


def _word_bytes(encoding: str, payload: str) -> bytes:
    if encoding in "qQ":
        quoted = payload.replace("_", " ").encode("utf-8", "replace")
        return binascii.a2b_qp(quoted, header=False)
    clean = _NOT_BASE64.sub("", payload)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + "=" * (-len(clean) % 4))
