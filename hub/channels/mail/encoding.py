"""Header values in 7-bit clean lines: encoded words, folded ids, RFC 2231 parameters."""

from __future__ import annotations

import binascii
import re
from urllib.parse import quote

from hub.channels.text import one_line

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ID = re.compile(r"[!-;=?-~]{1,990}")
_WORD_BYTES = 39  # 52 base64 letters: with the field's name the line stays below RFC 2047's 76
_LINE = 76


def header_line(name: str, value: str) -> str:
    """One field with its CRLF; `value` comes from the functions below and holds no break of its own but folds."""
    return f"{name}: {value}\r\n"


def encoded_text(text: str) -> str:
    """A subject: plain ASCII folded at spaces, anything else as encoded words, folded."""
    text = one_line(text)
    if text.isascii() and "=?" not in text and "  " not in text:  # a fold may eat a second space
        return _folded(text)
    return "\r\n ".join(_words(text))


def encoded_name(name: str) -> str:
    """A display name: bare, quoted or as encoded words; "" stays ""."""
    name = one_line(name)[:200]
    if not name:
        return ""
    if not name.isascii() or "=?" in name:
        return "\r\n ".join(_words(name))
    if _ATOM.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(text: str) -> list[str]:
    """Encoded words that never split a letter."""
    data = text.encode("utf-8", "replace")
    words: list[str] = []
    start = 0
    while len(data) - start > _WORD_BYTES:
        end = start + _WORD_BYTES
        while data[end] & 0xC0 == 0x80:  # in the middle of a letter
            end -= 1
        words.append(_word(data[start:end]))
        start = end
    return [*words, _word(data[start:])]


def _word(piece: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(piece, newline=False).decode('ascii')}?="


def _folded(text: str) -> str:
    """Folded at spaces; a word longer than a line may be (998) is encoded."""
    lines = [""]
    for word in text.split(" "):
        if len(word) > 900:
            return "\r\n ".join(_words(text))
        if lines[-1] and len(lines[-1]) + len(word) + 1 > _LINE - 10:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def folded_ids(ids: tuple[str, ...]) -> str:
    """Message-IDs in angle brackets, one a line. Raises ValueError for one that is none."""
    return "\r\n ".join(f"<{_checked_id(each)}>" for each in ids)


def _checked_id(identity: str) -> str:
    bare = identity.strip().removeprefix("<").removesuffix(">")
    if not _ID.fullmatch(bare):
        raise ValueError(f"not a Message-ID: {identity[:100]!r}")
    return bare


def file_parameters(name: str, value: str) -> str:
    """`; filename="…"` and, for letters beyond ASCII, the RFC 2231 form beside a plain fallback."""
    value = one_line(value).replace("/", "_").replace("\\", "_")[:150] or "file"
    plain = value.encode("ascii", "replace").decode("ascii").replace('"', "'").replace("?", "_")
    folded = f';\r\n {name}="{plain}"'
    if value.isascii():
        return folded
    return folded + "".join(
        f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(_percent_pieces(value))
    )


def _percent_pieces(value: str) -> list[str]:
    pieces = ["utf-8''"]
    for letter in value:
        escaped = quote(letter, safe="", encoding="utf-8", errors="replace")
        if len(pieces[-1]) + len(escaped) > 60:
            pieces.append("")
        pieces[-1] += escaped
    return pieces
