"""How Lotus Notes announces what it quotes: three drawings of sender, date, To and Subject without Outlook's shape.

Each must be seen whole, in its order: a reply's own words never look like that. Every test looks at a bounded
number of bounded lines, so that no mail can make it slow.
"""

from __future__ import annotations

import re

_LONGEST = 250
_REACH = 16
_TO = r"(?:to|para|an|à|pour|a|aan)"
_SUBJECT = r"(?:subject|asunto|betreff|objet|oggetto|assunto|onderwerp|assumpte)"
_WHEN = re.compile(
    r"^\s*(?:[^\W\d]{2,12}[.,]?\s+)?\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[ ,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
    r"\s{0,4}(?:[ap]\.?m\.?)?\s{0,4}[A-Z]{0,5}\s*$",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[ ,]+\d{1,2}[:.]\d{2}")
_TO_ALONE = re.compile(rf"^\s*{_TO}\s*$", re.IGNORECASE)
_SUBJECT_ALONE = re.compile(rf"^\s*{_SUBJECT}\s*$", re.IGNORECASE)
_FRAME = re.compile(r"^\s*\|-{5,100}\+-{5,100}[>|]\s*$")
_TO_INSIDE = re.compile(rf"(?:\s{{2}}|\|\s{{0,20}}){_TO}:(?:\s|$)", re.IGNORECASE)
_SUBJECT_INSIDE = re.compile(rf"(?:\s{{2}}|\|\s{{0,20}}){_SUBJECT}:(?:\s|$)", re.IGNORECASE)
_INDENTED = re.compile(r"^ {8,100}\S")


def is_lotus_block(lines: list[str], start: int) -> bool:
    """Does a quote of Lotus Notes begin here? Only below an empty line: no line is looked at from many beginnings."""
    if start and lines[start - 1].strip():
        return False
    following = [line for line in lines[start : start + _REACH] if len(line) <= _LONGEST]
    if len(following) < 4 or not following[0].strip():
        return False
    if _FRAME.match(following[0]):
        return _in_order(following[1:], _MOMENT, _TO_INSIDE, _SUBJECT_INSIDE)
    if _INDENTED.match(following[0]):
        return _two_columns(following)
    return _bare_labels(following)


def _bare_labels(following: list[str]) -> bool:
    """Notes 6 to 8: the sender, a moment, then To, its value, cc, Subject, its value, each on a line of its own."""
    if not any(_WHEN.match(line) for line in following[1:3]):
        return False
    return _in_order(following[1:], _WHEN, _TO_ALONE, _SUBJECT_ALONE)


def _two_columns(following: list[str]) -> bool:
    """Release 5: sender and moment far from the margin, To, cc and Subject in a second column."""
    block = []
    for line in following:
        if not _INDENTED.match(line):
            break
        block.append(line)
    whole = "\n".join(block)
    return all(sign.search(whole) for sign in (_MOMENT, _TO_INSIDE, _SUBJECT_INSIDE))


def _in_order(lines: list[str], *signs: re.Pattern[str]) -> bool:
    waiting = list(signs)
    for line in lines:
        if waiting and waiting[0].search(line):
            waiting.pop(0)
    return not waiting
