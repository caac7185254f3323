"""The HTML form of a text somebody typed: paragraphs, line breaks, links, quotes."""

from __future__ import annotations

import re
from html import escape

_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}")
_CLOSERS = ".,;:!?)»”’"
_MOST_LINKS = 1_000


def html_of(text: str) -> str:
    """A small HTML page; every letter of `text` is escaped, web addresses become links."""
    blocks = [_block(block) for block in re.split(r"\n[ \t]*\n", text.strip("\n")) if block.strip()]
    inside = "\n".join(blocks) or "<p></p>"
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{inside}\n</body></html>'


def _block(block: str) -> str:
    lines = block.split("\n")
    if all(line.startswith(">") for line in lines):
        inside = "<br>\n".join(_linked(line.lstrip(">").strip()) for line in lines)
        return f'<blockquote type="cite">{inside}</blockquote>'
    return "<p>" + "<br>\n".join(_linked(line.rstrip()) for line in lines) + "</p>"


def _linked(line: str) -> str:
    pieces: list[str] = []
    position = 0
    for found in _LINK.finditer(line):
        address = found[0].rstrip(_CLOSERS)
        pieces.append(_spaced(line[position : found.start()]))
        pieces.append(f'<a href="{escape(address)}">{escape(address)}</a>')
        position = found.start() + len(address)
        if len(pieces) > _MOST_LINKS:
            break
    return "".join(pieces) + _spaced(line[position:])


def _spaced(text: str) -> str:
    """Escaped; more than one space stays visible."""
    return escape(text).replace("  ", "&nbsp; ")
