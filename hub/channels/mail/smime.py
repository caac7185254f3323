"""The text inside an opaquely signed mail (smime.p7m, RFC 8551 §3.5.2); the signature itself is not judged here."""

from __future__ import annotations

from hub.channels.mail.mime import Mail, read_mail

_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_MOST_PIECES = 1_000_000


def unwrapped(mail: Mail) -> Mail:
    """The signed mail with the outer headers, or the mail as it was: encrypted, damaged, or no S/MIME at all."""
    if mail.root.type not in _TYPES:
        return mail
    inside = _signed_content(mail.content(mail.root))
    if not inside:
        return mail
    inner = read_mail(inside)
    inner.root.headers.adopt(mail.root.headers)
    inner.warnings[:0] = [*mail.warnings, "signed: the signature was not checked"]
    return inner


def _signed_content(data: bytes) -> bytes:
    """The octets of encapContentInfo (RFC 5652 §5.2); BER of any kind, b"" when they are not there."""
    start = data.find(_DATA, 0, 20_000)
    if _SIGNED_DATA not in data[:100] or start < 0:
        return b""
    position = start + len(_DATA)
    if data[position : position + 1] != b"\xa0":
        return b""  # a detached signature: nothing inside
    position, _ = _length(data, position + 1)
    tag = data[position : position + 1]
    position, size = _length(data, position + 1)
    if tag == b"\x04":
        return data[position : position + size]
    return _joined(data, position, len(data) if size < 0 else position + size) if tag == b"\x24" else b""


def _joined(data: bytes, position: int, end: int) -> bytes:
    """A constructed octet string: pieces until the end mark."""
    pieces: list[bytes] = []
    while position < end and data[position : position + 1] == b"\x04" and len(pieces) < _MOST_PIECES:
        position, size = _length(data, position + 1)
        pieces.append(data[position : position + size])
        position += max(size, 0)
    return b"".join(pieces)


def _length(data: bytes, position: int) -> tuple[int, int]:
    """`(where the content begins, its length)`; -1 for an indefinite length."""
    first = data[position] if position < len(data) else 0
    if first < 0x80:
        return position + 1, first
    count = first & 0x7F
    if not count:
        return position + 1, -1
    return position + 1 + count, int.from_bytes(data[position + 1 : position + 1 + min(count, 8)], "big")
