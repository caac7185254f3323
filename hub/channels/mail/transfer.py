"""Content-Transfer-Encoding undone (RFC 2045 §6), also where the encoding is damaged."""

from __future__ import annotations

import binascii
import re
from itertools import islice

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_ALPHABET = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_PADDED_END = re.compile(rb"={1,2}[ \t]*\r?\n")
_WORDS = re.compile(rb"[^A-Za-z0-9+/=\s]")
_MOST_PIECES = 10_000
_SPOKEN = re.compile(rb"\s*[^\r\n]*(?:[^\s] [^\s]|[,.:;!?][ \t]*(?:\r?\n|$))")
_SOFT_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n)")


def undone(content: bytes, encoding: str, warnings: list[str]) -> bytes:
    """The bytes of a part; damage is told to `warnings`, an unknown encoding leaves them as they are."""
    if encoding == "base64":
        return _base64(content, warnings)
    if encoding == "quoted-printable":
        if (
            b"= " in content or b"=\t" in content
        ):  # blanks a relay put at the end of a soft line (RFC 2045 §6.7)
            content = _SOFT_BLANKS.sub(b"=", content)
        return binascii.a2b_qp(content)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return read_uu(content)
    if encoding not in ("", "7bit", "8bit", "binary"):
        warnings.append(f"transfer encoding: unknown ({encoding[:40]})")
    return content


def _base64(content: bytes, warnings: list[str]) -> bytes:
    clean = content.translate(None, b"\r\n \t")
    try:
        return binascii.a2b_base64(clean, strict_mode=True)
    except binascii.Error:
        return _damaged_base64(content, warnings)


def _damaged_base64(content: bytes, warnings: list[str]) -> bytes:
    """Pieces padded one by one, letters that are none, a missing end, a footer added by a list; or plain words."""
    if _SPOKEN.match(content, 0, 2_000):
        warnings.append("base64: it is none")
        return content
    warnings.append("base64: damaged")
    decoded: list[bytes] = []
    for piece in _padded_pieces(content):
        clean = piece.translate(None, _NOT_ALPHABET)
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        decoded.append(binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)))
    return b"".join(decoded)


def _padded_pieces(content: bytes) -> list[bytes]:
    """Split after padding; what follows the padding and holds no base64 (a list's footer) is left out."""
    pieces: list[bytes] = []
    start = 0
    for end in islice(_PADDED_END.finditer(content), _MOST_PIECES):
        pieces.append(content[start : end.end()])
        start = end.end()
        if _WORDS.search(content, start, start + 200):
            return pieces
    split = (
        each for rest in (*pieces, content[start:]) for each in re.split(rb"=+", rest, maxsplit=_MOST_PIECES)
    )
    return [each for each in split if each.strip()]


def read_uu(content: bytes) -> bytes:
    """The bytes between `begin` and `end` of uuencoded text; damaged lines are skipped."""
    lines: list[bytes] = []
    for line in content.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            lines.append(_long_uu_line(line))
    return b"".join(lines)


def _long_uu_line(line: bytes) -> bytes:
    """Some encoders write garbage after the line's counted bytes."""
    count = ((line[0] - 32) & 63) * 4
    try:
        return binascii.a2b_uu(line[: 1 + (count + 5) // 3])
    except binascii.Error:
        return b""
