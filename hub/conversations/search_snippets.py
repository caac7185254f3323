"""A few words around each match, with the matches marked; accents do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

BEGIN, END = "\x02", "\x03"
AROUND = 70
LONGEST = 240


def snippet(text: str, words: Sequence[str]) -> str:
    """One line around the first match, matches between BEGIN and END; the beginning if nothing matches.

    `words` are folded already (lower case, no accents). The text is a stranger's: escape it when shown.
    """
    line = " ".join(text.replace(BEGIN, " ").replace(END, " ").split())
    folded = fold(line)
    found = _matches(folded, words)
    start = max(0, found[0][0] - AROUND) if found else 0
    end = min(len(line), start + LONGEST)
    shown = _marked(line, [one for one in found if start <= one[0] and one[1] <= end], start, end)
    return ("…" if start else "") + shown + ("…" if end < len(line) else "")


def fold(text: str) -> str:
    """The text in lower case without accents, letter by letter, so that places stay what they are."""
    return text.translate(_LETTERS)


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    base = unicodedata.normalize("NFKD", letter)[0].lower()
    return base if len(base) == 1 else letter


class _Letters(dict[int, str]):
    """Each letter is folded once and remembered."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, _letter(chr(code)))


_LETTERS = _Letters()


def _matches(folded: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words begin with one of ours; the whole word is marked. In order, never overlapping."""
    wanted = sorted({fold(word) for word in words if word}, key=len, reverse=True)
    if not wanted:
        return []
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(word) for word in wanted) + r")\w*")
    return [found.span() for found in pattern.finditer(folded)]


def _marked(line: str, found: Sequence[tuple[int, int]], start: int, end: int) -> str:
    parts, at = [], start
    for first, last in found:
        parts += [line[at:first], BEGIN, line[first:last], END]
        at = last
    return "".join([*parts, line[at:end]])
