"""winmail.dat opened (Microsoft's TNEF, MS-OXTNEF): the files and the text Outlook hid in it."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.channels.facts import Attached
from hub.channels.mail.attachments import attached
from hub.channels.mail.charsets import decode
from hub.channels.mail.rtf import read_rtf, uncompressed
from hub.channels.text import with_plain_ends

_SIGNATURE = 0x223E9F78
_BODY, _CODEPAGE, _MESSAGE_PROPS = 0x0002800C, 0x00069007, 0x00069003
_FILE_BEGINS, _FILE_TITLE, _FILE_DATA, _FILE_PROPS = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_DATA, _SHORT_NAME, _METHOD, _LONG_NAME, _MIME, _CONTENT_ID, _TITLE = (
    0x3701,
    0x3704,
    0x3705,
    0x3707,
    0x370E,
    0x3712,
    0x3001,
)
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_MOST_PROPS = 2_000
_MOST_FILES = 500


@dataclass(slots=True)
class Opened:
    """What a winmail.dat held."""

    attachments: list[Attached] = field(default_factory=list)
    text: str = ""
    html: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    title: str = ""
    data: bytes = b""
    props: dict[int, bytes] = field(default_factory=dict)


def is_tnef(file: Attached) -> bool:
    """By type, by name, or by its first bytes."""
    named = (
        file.type in ("application/ms-tnef", "application/vnd.ms-tnef") or file.name.lower() == "winmail.dat"
    )
    return named or file.content.startswith(struct.pack("<I", _SIGNATURE))


def opened(file: Attached) -> Opened | None:
    """What it holds, as far as it is whole; None when it is no TNEF at all."""
    data = file.content
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return None
    result = Opened()
    message: dict[int, bytes] = {}
    files: list[_File] = []
    body, codepage = b"", "cp1252"
    for name, value in _attributes(data, result.warnings):
        if name == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _BODY:
            body = value
        elif name == _MESSAGE_PROPS:
            message.update(_properties(value))
        elif name == _FILE_BEGINS and len(files) < _MOST_FILES:
            files.append(_File())
        elif files:
            _keep(files[-1], name, value, codepage)
    result.attachments = [_as_attached(each) for each in files if each.data or _DATA in each.props]
    _read_body(result, message, body, codepage)
    return result


def _attributes(data: bytes, warnings: list[str]) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 11 <= len(data):
        name, length = struct.unpack_from("<II", data, position + 1)
        start = position + 9
        if length > len(data) - start:
            warnings.append("winmail.dat: cut short")
            yield name, data[start:]
            return
        yield name, data[start : start + length]
        position = start + length + 2


def _keep(file: _File, name: int, value: bytes, codepage: str) -> None:
    if name == _FILE_TITLE:
        file.title = decode(value.rstrip(b"\0"), codepage)
    elif name == _FILE_DATA:
        file.data = value
    elif name == _FILE_PROPS:
        file.props.update(_properties(value))


def _as_attached(file: _File) -> Attached:
    props = file.props
    name = _string(props, _LONG_NAME) or file.title or _string(props, _SHORT_NAME) or _string(props, _TITLE)
    content = file.data or props.get(_DATA, b"")
    kind = _string(props, _MIME).lower() or _type_by_name(name)
    if props.get(_METHOD, b"")[:1] == b"\x05":  # a message inside: 16 bytes of interface id, then TNEF
        content, kind = content[16:] if not file.data else content, "application/ms-tnef"
    content_id = _string(props, _CONTENT_ID).strip("<> ")
    return attached(content, name, kind, inline=bool(content_id), content_id=content_id)


def _type_by_name(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _read_body(result: Opened, message: dict[int, bytes], body: bytes, codepage: str) -> None:
    if _HTML in message:
        result.html = decode(message[_HTML].rstrip(b"\0"), codepage)
    if _TEXT in message:
        result.text = with_plain_ends(_string(message, _TEXT)).strip()
    elif body:
        result.text = with_plain_ends(decode(body.rstrip(b"\0"), codepage)).strip()
    if not result.html and _RTF in message:
        rich = read_rtf(uncompressed(message[_RTF]))
        result.html = rich.html
        result.text = result.text or rich.text


def _string(props: dict[int, bytes], name: int) -> str:
    value = props.get(name, b"")
    if len(value) >= 2 and value[1::2].count(0) * 2 > len(value) // 2:
        return decode(value, "utf-16-le").rstrip("\0")
    if name in props and value and not value.isascii() and len(value) % 2 == 0 and value.endswith(b"\0\0"):
        return decode(value, "utf-16-le").rstrip("\0")
    return decode(value.rstrip(b"\0"), "cp1252")


def _properties(data: bytes) -> dict[int, bytes]:
    """MAPI properties of one value by their number; a damaged block gives what came before the damage."""
    found: dict[int, bytes] = {}
    with contextlib.suppress(struct.error, ValueError):  # cut short: what was read so far counts
        count = min(struct.unpack_from("<I", data)[0], _MOST_PROPS)
        position = 4
        for _ in range(count):
            position = _property(data, position, found)
    return found


def _property(data: bytes, position: int, found: dict[int, bytes]) -> int:
    kind, name = struct.unpack_from("<HH", data, position)
    position += 4
    if name >= 0x8000:
        position = _past_name(data, position + 16)
    many = bool(kind & 0x1000)
    kind &= ~0x1000
    count = 1
    if many or kind in (_STRING8, _UNICODE, _BINARY, _OBJECT):
        count = struct.unpack_from("<I", data, position)[0]
        position += 4
    for _ in range(min(count, _MOST_PROPS)):
        value, position = _value(data, position, kind)
        found.setdefault(name, value)
    return position


def _past_name(data: bytes, position: int) -> int:
    named = struct.unpack_from("<I", data, position)[0]
    if not named:
        return position + 8
    length = int(struct.unpack_from("<I", data, position + 4)[0])
    return position + 8 + length + (-length % 4)


def _value(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    if kind in _FIXED:
        end = position + _FIXED[kind]
        return data[position:end], end
    if kind not in (_STRING8, _UNICODE, _BINARY, _OBJECT):
        raise ValueError(f"property type {kind:#x}")
    length = struct.unpack_from("<I", data, position)[0]
    start = position + 4
    if length > len(data) - start:
        raise ValueError("property cut short")
    return data[start : start + length], start + length + (-length % 4)
