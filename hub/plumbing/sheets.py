"""Tables that leave as CSV files: in pages, and with cells no spreadsheet takes for a formula (promise 63)."""

from __future__ import annotations

import csv
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

PAGE = 1000
# What spreadsheets begin to reckon at, full-width forms too: https://owasp.org/www-community/attacks/CSV_Injection
# Apostrophes and spaces before it count in any mix, so that `original` knows ours from the text's own.
_FORMULA = re.compile(r"[\s']*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


class Sheet(msgspec.Struct, frozen=True):
    """What can be exported: its columns, how many rows there are, and a page of (id, cells) after an id."""

    columns: tuple[str, ...]
    count: Callable[[Tx], Awaitable[int]]
    page: Callable[[Tx, int, int], Awaitable[list[tuple[int, list[Any]]]]]


async def write(
    hub: Hub, sheet: Sheet, path: Path, *, progress: Callable[[int], None] = lambda n: None
) -> int:
    """Write all rows to `path` (UTF-8 with a mark, so that spreadsheets know); how many. Raises OSError.

    The file appears under its name only when it is whole.
    """
    unfinished = path.with_name(f".{path.name}.part")
    written, after = 0, 0
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            sheet_of = csv.writer(file)
            sheet_of.writerow(sheet.columns)
            while rows := await _page(hub, sheet, after):
                sheet_of.writerows([inert(shown(cell)) for cell in cells] for _id, cells in rows)
                written, after = written + len(rows), rows[-1][0]
                progress(len(rows))
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


async def _page(hub: Hub, sheet: Sheet, after: int) -> list[tuple[int, list[Any]]]:
    async with hub.transaction() as tx:
        return await sheet.page(tx, after, PAGE)


def shown(value: Any) -> str:
    """A value as a cell: nothing for None, several values with a bar between, moments in UTC (ISO 8601)."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " | ".join(map(str, value))
    return str(value)


def inert(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would begin to reckon."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """What `inert` was given: its apostrophe is taken away again, and no other."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
