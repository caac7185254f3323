"""Templates like `Fax from {caller} ({pages} pages)` against lines of a mail, in one pass and without going back.

No regular expression is ever made of what an admin or a mail says, so no mail can make this slow (promise 33).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

FIELDS = ("caller", "csid", "pages", "to", "job", "reason", "reference", "date", "name", "subject", "any")
"""What a template may name. `any` is skipped; `subject` is ours, repeated by a report."""
LONGEST = 300
_FIELD = re.compile(r"\{([a-z]+)\}")
_SPACE = re.compile(r"[\s\u00a0]+")
# Free text a caller's machine chose: it ends at the last place that fits, so that it cannot play the rest.
_THEIRS = ("csid", "name")

Found = dict[str, str]


def check(template: str) -> str:
    """The template, if it can be one. Raises BadInput in words."""
    if len(template) > LONGEST:
        raise BadInput(_("A template has at most %(n)s characters.", n=LONGEST), field="patterns")
    pieces = _pieces(template)
    unknown = [name for kind, name in pieces if kind == "field" and name not in FIELDS]
    if unknown:
        raise BadInput(
            _("“%(name)s” is no field; known: %(known)s", name=unknown[0], known=", ".join(FIELDS)),
            field="patterns",
        )
    if not any(kind == "text" and text.strip() for kind, text in pieces):
        raise BadInput(_("A template needs words that stand in every such mail."), field="patterns")
    if any(one[0] == other[0] == "field" for one, other in pairwise(pieces)):
        raise BadInput(_("Between two fields there must be words or signs."), field="patterns")
    return template


def in_line(template: str, line: str, *, anywhere: bool) -> Found | None:
    """The fields of one line, or None when it is another. `anywhere`: words before the template do not matter."""
    pieces = _pieces(template)
    line = _SPACE.sub(" ", line[:2_000]).strip()
    folded = _folded(line)
    found: Found = {}
    place = 0
    for number, (kind, value) in enumerate(pieces):
        if kind == "text":
            place = _after(folded, value, place) if number else _begun(folded, value, anywhere=anywhere)
            if place < 0:
                return None
            continue
        end = _end(folded, pieces[number + 1 :], place, value)
        if end < 0:
            return None
        text = line[place:end].strip(" \t\"'“”")
        if value == "pages" and not _is_count(text):
            return None
        found.setdefault(value, text)
        place = end
    return found


def in_lines(templates: Sequence[str], lines: Sequence[str]) -> Found:
    """What these templates find in a body, each in the first line it fits."""
    found: Found = {}
    for template in templates:
        for line in lines:
            fields = in_line(template, line, anywhere=False)
            if fields is not None:
                found |= {name: text for name, text in fields.items() if text and not found.get(name)}
                break
    return found


def readable_lines(text: str) -> list[str]:
    """The lines of a body; a label standing alone ("Pages:") gets the line after it."""
    lines = [_SPACE.sub(" ", line).strip(" *•|>-\t") for line in text[:200_000].splitlines()[:2_000]]
    lines = [line for line in lines if line]
    return [
        f"{line} {lines[number + 1]}" if line.endswith(":") and number + 1 < len(lines) else line
        for number, line in enumerate(lines)
    ]


def first(templates: Iterable[str], line: str) -> Found | None:
    """The fields of the first template that fits this subject, or None."""
    for template in templates:
        found = in_line(template, line, anywhere=True)
        if found is not None:
            return found
    return None


def _pieces(template: str) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    place = 0
    for match in _FIELD.finditer(template):
        if match.start() > place:
            pieces.append(("text", template[place : match.start()]))
        pieces.append(("field", match[1]))
        place = match.end()
    if place < len(template):
        pieces.append(("text", template[place:]))
    return [(kind, _folded(_SPACE.sub(" ", value)) if kind == "text" else value) for kind, value in pieces]


def _begun(line: str, text: str, *, anywhere: bool) -> int:
    """Where the template's first words end: at the line's start, or at the start of a word ("Unsuccessful" is one)."""
    if not anywhere:
        return len(text) if line.startswith(text) else -1
    at = line.find(text)
    while at > 0 and text[0].isalnum() and line[at - 1].isalnum():
        at = line.find(text, at + 1)
    return at + len(text) if at >= 0 else -1


def _after(line: str, text: str, place: int) -> int:
    if place == len(line):  # blanks at a line's end were cut off
        text = text.rstrip()
    at = line.find(text, place)
    return at + len(text) if at >= 0 else -1


def _end(line: str, following: Sequence[tuple[str, str]], place: int, name: str) -> int:
    """Where a field ends: at the next words of the template, or with the line."""
    if not following:
        return len(line)
    text = following[0][1]
    if text.strip() and line.endswith(text.rstrip()) and line.find(text, place) < 0:
        text = text.rstrip()
    return line.rfind(text, place) if name in _THEIRS else line.find(text, place)


def _folded(text: str) -> str:
    """Lower case, letter by letter, so that places stay the same."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
