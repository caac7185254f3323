"""The header block of a mail or a part: kept as bytes, decoded when somebody asks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hub.channels.mail.words import header_text, raw_text
from hub.channels.text import one_line

MOST_FIELDS = 5_000
_ID = re.compile(r"<([^<>]{1,2000})>")
_SPACE = re.compile(r"\s+")
_SPANISH_MONTHS = re.compile(r"\b(ene|abr|ago|dic)[a-z]*\b\.?", re.IGNORECASE)
_MONTHS = {"ene": "Jan", "abr": "Apr", "ago": "Aug", "dic": "Dec"}
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d\d(?::\d\d)?)\s*([ap])\.?m\b\.?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:\s|\b(?:GMT|UTC))([+-])(\d{1,2})(?::?(\d\d))?(?![\d:])")
_MOST_REFERENCES = 100
_LONGEST_ID = 998


class Headers:
    """Fields in order of arrival, by lower-case name; the first of a repeated one counts."""

    __slots__ = ("_fields", "count")

    def __init__(self) -> None:
        self._fields: dict[bytes, list[bytes]] = {}
        self.count = 0

    def add(self, name: bytes, value: bytes) -> None:
        """Keep one field; past MOST_FIELDS they are only counted."""
        self.count += 1
        if self.count <= MOST_FIELDS:
            self._fields.setdefault(name.lower(), []).append(value)

    def continue_last(self, name: bytes, more: bytes) -> None:
        """A line that lost its indentation on the way belongs to the field before it."""
        values = self._fields.get(name.lower())
        if values:
            values[-1] += b" " + more

    def adopt(self, outer: Headers) -> None:
        """Take the fields of the mail around this one; what describes the content stays our own."""
        own = {name: values for name, values in self._fields.items() if name.startswith(b"content-")}
        foreign = {name: values for name, values in outer._fields.items() if not name.startswith(b"content-")}
        self._fields = foreign | own
        self.count = max(self.count, outer.count)

    def __contains__(self, name: str) -> bool:
        return name.encode() in self._fields

    def all(self, name: str) -> list[bytes]:
        """Every value of a field as it came, folded, in order."""
        return self._fields.get(name.encode(), [])

    def raw(self, name: str) -> bytes:
        """The first value as it came, or nothing."""
        values = self._fields.get(name.encode())
        return values[0] if values else b""

    def text(self, name: str) -> str:
        """The first value as people read it: decoded, on one line."""
        value = self.raw(name)
        return header_text(value) if value else ""

    def names(self) -> list[str]:
        """The field names, lower case."""
        return [name.decode("ascii", "replace") for name in self._fields]


def message_id(value: bytes) -> str:
    """`left@right` of a Message-ID field, without its angle brackets; "" when there is none."""
    found = message_ids([value])
    return found[0] if found else ""


def message_ids(values: list[bytes]) -> tuple[str, ...]:
    """The ids of In-Reply-To or References, each once, in order, bare; of too many the first and the last ones."""
    ids: dict[str, None] = {}
    for value in values:
        text = one_line(raw_text(value[:200_000]))
        for inside in _ID.findall(text) or _bare_ids(text):
            clean = _SPACE.sub("", inside)
            if clean and len(clean) <= _LONGEST_ID:
                ids[clean] = None
    kept = list(ids)
    return tuple(kept if len(kept) <= _MOST_REFERENCES else [kept[0], *kept[1 - _MOST_REFERENCES :]])


def _bare_ids(text: str) -> list[str]:
    return [word.strip("<>,;") for word in text.split() if "@" in word.strip("@") or len(text.split()) == 1]


def read_date(value: bytes) -> datetime | None:
    """When the sender says it was written, with its zone (UTC where none is given); None when unreadable."""
    text = _SPANISH_MONTHS.sub(lambda found: _MONTHS[found[1].lower()], header_text(value, 200))
    if not text:
        return None
    when = _date(text)
    if when is None or when.tzinfo is None:
        when = _date(_respelt(text)) or when or _iso_date(text)
    if when is None or not 1970 <= when.year <= 9998:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _respelt(text: str) -> str:
    """Ways of other programs: `10:15 PM`, `+01:00`, `GMT+1`, and the leap second that RFC 5322 allows."""
    text = _HALF_DAY.sub(lambda at: f"{int(at[1]) % 12 + 12 * (at[3] in 'pP'):02}{at[2]}", text)
    text = text.replace(":60 ", ":59 ")
    return _OFFSET.sub(lambda at: f" {at[1]}{int(at[2]):02}{at[3] or '00'}", text)


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
