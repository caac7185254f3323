"""What IMAP servers say and how mailboxes are spelled: FETCH answers, sets of UIDs, modified UTF-7."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def fetched(lines: list[Any]) -> list[tuple[int | None, bytes, bytes | None]]:
    """UID, text and body of each FETCH answer; aioimaplib gives literals as bytearrays between the text."""
    found: list[tuple[int | None, bytes, bytes | None]] = []
    text, body = b"", None
    for line in [*lines[:-1], b"0 FETCH ("]:
        if not isinstance(line, bytes):
            body = bytes(line)
            continue
        if re.match(rb"\d+ FETCH \(", line) and text:
            uid = number(rb"UID (\d+)", text)
            found.append((uid or None, text, body if body is not None else _quoted_body(text)))
            text, body = b"", None
        text += line
    return found


def _quoted_body(text: bytes) -> bytes | None:
    """A body the server sent as a quoted string instead of a literal; None for NIL or no body at all."""
    quote = re.search(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', text)
    return re.sub(rb"\\(.)", rb"\1", quote[1]) if quote else None


def number(pattern: bytes, text: bytes) -> int:
    """The first group of `pattern` as a number, 0 when it is not there."""
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def uid_set(uids: Iterable[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7."""
    ranges: list[list[int]] = []
    for uid in sorted(set(uids)):
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def search_date(day: date) -> str:
    """`9-Nov-2026`, as SEARCH wants it."""
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"


def to_utf7(name: str) -> str:
    """A mailbox name in IMAP's modified UTF-7 (RFC 3501 §5.1.3): `Año & más` → `A&APE-o &- m&AOE-s`."""
    parts: list[str] = []
    for plain, other in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            parts.append(plain.replace("&", "&-"))
        else:
            coded = base64.b64encode(other.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            parts.append(f"&{coded}-")
    return "".join(parts)
