"""Files of whatever program wrote them, as headings and rows: comma, semicolon or tab, of any encoding it may be.

RFC 4180, and what spreadsheets make of it: `sep=;` before the headings, UTF-16 with tabs ("Unicode text").
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hub.plumbing.errors import BadInput
from hub.plumbing.sheets import original
from hub.plumbing.texts import _

MOST_FIELD = 10_000
LONGEST_HEAD = 100_000
LOOKED_AT = 4_096
WRONG = "\0"
"""The name no column has: why the row cannot be used, in words (`whole` tells them)."""

Row = dict[str, str]
Source = bytes | Path
"""A CSV file: its bytes, or where it lies."""
Lines = Iterator[tuple[int, list[str]]]

_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"?')
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_OTHERS = (b"\x89PNG", b"%PDF", b"GIF8", b"\xff\xd8\xff", b"\x1f\x8b", b"{\\rtf")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f"))


def sheet(source: Source, *, after: int = 1) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """The headings of a file, and its rows by heading with their numbers, those after row `after`, no empty ones.

    UTF-8, UTF-16 or Windows-1252. What lies on the disk is read as it is walked, after one look at all of it for
    its encoding (not for the event loop). Of a row that cannot be used `whole` says why. Raises BadInput, also
    while it is walked.
    """
    stream = _opened(source)
    delimiter = _delimiter(stream)
    lines = _numbered(stream, delimiter)
    headings = [name.strip().replace("\0", "") for name in next(lines, (1, []))[1]]
    return headings, _rows(headings, (one for one in lines if one[0] > after))


def whole(row: Row) -> Row:
    """The row itself. Raises BadInput for one that cannot be used as it stands in the file."""
    if WRONG in row:
        raise BadInput(row[WRONG], field="row")
    return row


def size(source: Source) -> int:
    """How many bytes it has."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _delimiter(stream: TextIO) -> str:
    """What stands between two columns; the stream is where the headings begin."""
    head = stream.readline(LONGEST_HEAD)
    if said := _SEPARATOR.fullmatch(head.rstrip("\r\n")):
        return said[1]
    stream.seek(0)
    plain = _QUOTED.sub("", head)
    return max(_DELIMITERS, key=plain.count)


def _rows(headings: list[str], lines: Lines) -> Iterator[tuple[int, Row]]:
    for number, values in lines:
        if not any(value.strip() for value in values):
            continue
        row = dict.fromkeys(headings, "") | dict(zip(headings, values, strict=False))
        if any(value.strip() for value in values[len(headings) :]):
            row[WRONG] = _("This row has more cells than there are columns: quote what holds a comma.")
        if max(map(len, values)) > MOST_FIELD:
            row[WRONG] = _("A cell of this row is longer than %(n)s characters.", n=MOST_FIELD)
        yield number, {name: _cell(value) for name, value in row.items()}


def _cell(value: str) -> str:
    """A cell's text; an apostrophe that made it inert in our own export is taken away again."""
    return original(value.strip()[:MOST_FIELD].replace("\0", "")).strip()


def _numbered(stream: TextIO, delimiter: str) -> Lines:
    """Rows from 1. Raises BadInput for what is no CSV, such as a quote that is never closed."""
    number, ended = 0, False

    def fed() -> Iterator[str]:
        nonlocal ended
        yield from stream
        ended = True

    try:
        for number, values in enumerate(csv.reader(fed(), delimiter=delimiter), 1):
            if ended:  # it asked for another line: a quote of this row was still open
                raise _torn(number)
            yield number, values
    except csv.Error as error:
        raise _torn(number + 1) from error


def _torn(row: int) -> BadInput:
    return BadInput(
        _("Row %(row)s cannot be read: look for a quote that is never closed.", row=row), field="row"
    )


def _opened(source: Source) -> TextIO:
    """As text, the ends of its lines as they are. Raises BadInput for what is none."""
    raw = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    head = raw.read(LOOKED_AT)
    _must_not_be_another(head)
    encoding = next((name for bom, name in _BOMS.items() if head.startswith(bom)), "") or _unmarked(head)
    if not encoding.startswith("utf-16"):
        _must_be_text(head)
        raw.seek(0)
        encoding = "utf-8-sig" if _is_utf8(raw) else "cp1252"
    raw.seek(0)
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")


def _unmarked(head: bytes) -> str:
    """UTF-16 without its mark: every other byte of Western text is 0."""
    if len(head) >= 4 and head[1::2].count(0) * 2 > len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 4 and head[0::2].count(0) * 2 > len(head[0::2]) else ""


def _must_not_be_another(head: bytes) -> None:
    if head.startswith(_WORKBOOKS):
        raise BadInput(_("This is a workbook, not a CSV file: save it as CSV first."), field="file")
    if head.startswith(_OTHERS):
        raise BadInput(_("This is no CSV file."), field="file")


def _must_be_text(head: bytes) -> None:
    if len(head.translate(None, _CONTROLS)) < len(head) * 0.9:
        raise BadInput(_("This is no CSV file."), field="file")


def _is_utf8(raw: io.BufferedIOBase) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := raw.read(1_000_000):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
