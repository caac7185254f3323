"""Quoted-printable (RFC 2045 §6.7): of a whole body, and of pieces that are joined without looking at them again.

Every piece begins and ends at the start of a line: what is no line end of the text is a soft one. So a wording's own
words are encoded once for a million mails, and each person's values alone are encoded for each.
No line has more than 76 characters, none ends in a blank, and none begins with a dot or with `From `.
"""

from __future__ import annotations

import binascii
import re

SOFT = "=\r\n"
_SIMPLE = re.compile(r"(?![.]|From )[!-<>-~ ]{1,75}")
_STARTS = re.compile(rb"^(?:\.|From )", re.MULTILINE)
_BROKEN = re.compile(rb"[^\n]{77}")
_WIDTH = 75  # and the = of a soft line end


def piece(text: str) -> str:
    """One piece, line ends `\\n`, as ASCII with CRLF; joined with others it is the encoding of the joined text."""
    if _SIMPLE.fullmatch(text):
        return text + SOFT
    if not text:
        return ""
    lines = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    if len(lines) <= _WIDTH and b"\n" not in lines and lines[0] not in b".F":  # as most names are
        return lines.decode("ascii") + SOFT
    lines = _encoded(lines)
    if not lines.endswith(b"\n"):
        lines = _ended_softly(lines)
    return lines.replace(b"\n", b"\r\n").decode("ascii")


def body(pieces: str) -> str:
    """The body of joined pieces. Its last line end is ours: it belongs to the boundary that follows."""
    if pieces.endswith(SOFT) and not pieces.endswith((" " + SOFT, "\t" + SOFT)):
        return pieces[: -len(SOFT)] + "\r\n"
    return pieces + "\r\n"


def ended(pieces: list[bytes]) -> list[bytes]:
    """The same as `body`, of pieces in bytes that nobody joined yet."""
    while pieces and not pieces[-1]:
        pieces.pop()
    last = pieces.pop() if pieces else b""
    return [*pieces, body(last.decode("ascii")).encode("ascii")]


def plain(pieces: str) -> bytes:
    """The text that joined pieces say, in UTF-8 with `\\n`."""
    return b"\n".join(binascii.a2b_qp(pieces).split(b"\r\n"))  # a third faster than to replace


def qp_body(text: str) -> bytes:
    """A whole text as a body."""
    return body(piece(text)).encode("ascii")


def _encoded(quoted: bytes) -> bytes:
    """With no line beginning as none may, and none too long for it."""
    if _STARTS.search(quoted):
        quoted = _hidden(quoted)
    return b"\n".join(map(_narrowed, quoted.split(b"\n"))) if _BROKEN.search(quoted) else quoted


def _hidden(quoted: bytes) -> bytes:
    return _STARTS.sub(lambda found: b"=%02X" % found[0][0] + found[0][1:], quoted)


def _narrowed(line: bytes) -> bytes:
    """A line that hiding its first letter made too long, in two; no escape is torn apart."""
    if len(line) <= _WIDTH + 1:
        return line
    cut = next(at for at in range(_WIDTH, 0, -1) if b"=" not in line[at - 2 : at])
    return line[:cut] + b"=\n" + _hidden(line[cut:])


def _ended_softly(lines: bytes) -> bytes:
    start = lines.rfind(b"\n") + 1
    last = lines[start:]
    return lines + b"=\n" if len(last) <= _WIDTH else lines[:start] + _narrowed(last + b"=") + b"\n"
