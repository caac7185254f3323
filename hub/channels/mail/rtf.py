"""The rich text Outlook hides in winmail.dat: uncompressed (MS-OXRTFCP), then to text or to the HTML inside it."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from hub.channels.text import storable

_LONGEST = 4_000_000
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0"
    b"\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SILENT = frozenset(
    (
        b"fonttbl",
        b"colortbl",
        b"stylesheet",
        b"info",
        b"pict",
        b"object",
        b"header",
        b"footer",
        b"generator",
        b"themedata",
    )
)
_BREAKS = {
    b"par": "\n",
    b"line": "\n",
    b"tab": "\t",
    b"cell": " ",
    b"row": "\n",
    b"lquote": "‘",
    b"rquote": "’",
}
_BREAKS |= {b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"endash": "–", b"emdash": "—"}


@dataclass(slots=True)
class Rich:
    """Readable text, and the HTML when the rich text was made from one."""

    text: str = ""
    html: str = ""


def uncompressed(data: bytes) -> bytes:
    """The RTF of a PidTagRtfCompressed value; b"" when it is none. Never more than 4 MB."""
    if len(data) < 16:
        return b""
    size, raw_size, magic = struct.unpack_from("<III", data)
    if magic == 0x414C454D:
        return data[16 : 16 + min(raw_size, _LONGEST)]
    if magic != 0x75465A4C:
        return b""
    return _lzfu(data[16 : 4 + size], min(raw_size, _LONGEST))


def _lzfu(data: bytes, limit: int) -> bytes:
    out = bytearray(_DICTIONARY)
    base = len(out)
    position = 0
    while position < len(data) and len(out) - base < limit:
        flags = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data):
                break
            if not flags >> bit & 1:
                out.append(data[position])
                position += 1
                continue
            if position + 1 >= len(data):
                return bytes(out[base:])
            token = data[position] << 8 | data[position + 1]
            position += 2
            if not _copy(out, token >> 4, (token & 15) + 2):
                return bytes(out[base:])
    return bytes(out[base : base + limit])


def _copy(out: bytearray, offset: int, length: int) -> bool:
    """Repeat what stands at `offset` of the 4096-byte ring; False at the end mark."""
    here = len(out) % 4096
    if offset == here:
        return False
    start = len(out) - ((here - offset) % 4096)
    for step in range(length):
        out.append(out[start + step] if 0 <= start + step < len(out) else 32)
    return True


@dataclass(slots=True)
class _Group:
    silent: bool = False
    html: bool = False


def read_rtf(data: bytes) -> Rich:
    """Text of an RTF, or the HTML it carries (MS-OXRTFEX). Linear, never raises."""
    from_html = b"\\fromhtml1" in data[:2_000]
    codepage = _codepage(data)
    out: list[str] = []
    groups = [_Group()]
    hidden_rtf = False
    skip = 0
    for token in _TOKEN.finditer(data[:_LONGEST]):
        word, number, byte, symbol, brace, text = token.groups()
        now = groups[-1]
        if brace == b"{":
            if len(groups) < 10_000:
                groups.append(_Group(now.silent, now.html))
        elif brace == b"}":
            if len(groups) > 1:
                groups.pop()
        elif symbol == b"*":
            now.silent = not from_html or not data.startswith(b"\\htmltag", token.end())
        elif word == b"htmltag":
            now.html, now.silent = True, False
        elif word == b"htmlrtf":
            hidden_rtf = number != b"0"
        elif word in _SILENT:
            now.silent = True
        elif now.silent or (hidden_rtf and from_html and not now.html):
            continue
        elif word == b"u" and number:
            out.append(_letter(int(number)))
            skip = 1
        elif word in _BREAKS:
            out.append("" if from_html and now.html and word == b"par" else _BREAKS[word])
        elif byte:
            if not skip:
                out.append(_by_codepage(byte, codepage))
            skip = 0
        elif symbol in (b"\\", b"{", b"}", b"~", b"_"):
            out.append({b"~": "\u00a0", b"_": "-"}.get(symbol, symbol.decode()))
        elif text:
            said = text.decode(codepage, "replace")
            out.append(said[skip:] if skip and said[:1] == "?" else said)
            skip = 0
    joined = _pairs("".join(out))
    return Rich(html=joined) if from_html else Rich(text=joined.strip())


def _codepage(data: bytes) -> str:
    found = re.search(rb"\\ansicpg(\d{3,5})", data[:2_000])
    name = f"cp{found[1].decode()}" if found else "cp1252"
    try:
        b"a".decode(name)
    except LookupError:
        return "cp1252"
    return name


def _by_codepage(hexadecimal: bytes, codepage: str) -> str:
    return bytes((int(hexadecimal, 16),)).decode(codepage, "replace")


def _letter(number: int) -> str:
    # Halves of a pair are let through here and joined once the text is whole.
    return chr(number % 65_536)


def _pairs(text: str) -> str:
    """RTF writes letters beyond 65,535 as two halves."""
    return storable(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
