"""What is new in a reply: without the quoted mail, its announcement and the signature. Linear always.

Interleaved answers stay; a forwarded mail is new to us and stays; where nothing would remain, everything does.
"""

from __future__ import annotations

import re

from hub.channels.mail.armour import without_armour
from hub.channels.mail.footers import is_mobile_footer
from hub.channels.mail.lotus import is_lotus_block
from hub.channels.mail.separators import (
    attribution_length,
    is_bare_attribution,
    is_forward_line,
    is_forward_subject,
    is_framed,
    is_groupwise_line,
    is_header_block,
    is_original_line,
    is_signature,
    needs_no_quote,
)

_MOST_LINES = 50_000
_QUOTED = re.compile(r"^[ \t]{0,3}>")
_RULE = re.compile(r"^\s*[-_=*–—]{5,}\s*$")
_BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")
_SIGNATURE_LINES = 25
_INTRO_LINES = 6


Places = frozenset[int] | set[int]


def new_text(text: str, subject: str = "", cuts: Places = frozenset(), intros: Places = frozenset()) -> str:
    """The new words of `text`. `cuts`: numbers of lines where the mail's HTML says that the quote begins.

    `intros`: those of them where it only announces the quote, which an answer may follow.
    """
    return parted(text, subject, cuts, intros)[0]


def parted(
    text: str, subject: str = "", cuts: Places = frozenset(), intros: Places = frozenset()
) -> tuple[str, bool]:
    """`(the new words, was a quote seen?)`."""
    split = _Split(text if cuts else without_armour(text), subject, cuts, intros)
    return split.new or text, split.quote_seen


class _Split:
    """One reading of the lines from top to bottom."""

    def __init__(self, text: str, subject: str, cuts: Places, intros: Places) -> None:
        self.lines = text.split("\n", _MOST_LINES)
        self.cuts = cuts
        self.intros = intros
        self.forwarding = is_forward_subject(subject)
        self.kept: list[str] = []
        self.quote_seen = False
        self.new = self._read()

    def _read(self) -> str:
        position = 0
        while position < len(self.lines):
            line = self.lines[position]
            if self._forward_starts(line):
                self.kept += self.lines[position:]
                return _tidy(self.kept)
            if _QUOTED.match(line) and not self._is_escaped_from(position):
                self.quote_seen = True
                if is_groupwise_line(line):
                    break
                position += 1
                continue
            if self._everything_below_is_quoted(position):
                self.quote_seen = True
                self._drop_frame()
                break
            position += self._skipped_announcement(position) or self._keep(position)
        kept = _without_signature(self.kept)
        return _tidy(kept) if len(kept) < len(self.lines) else "\n".join(self.lines)

    def _drop_frame(self) -> None:
        while self.kept and not self.kept[-1].strip():
            self.kept.pop()
        if self.kept and is_framed(self.kept[-1]):
            self.kept.pop()

    def _keep(self, position: int) -> int:
        self.kept.append(self.lines[position])
        return 1

    def _forward_starts(self, line: str) -> bool:
        """Apple Mail quotes even the line that announces a forward; inside a reply's quote it is just quoted."""
        if _QUOTED.match(line):
            return self.forwarding and not self.quote_seen and is_forward_line(line.lstrip("> \t"))
        return is_forward_line(line)

    def _is_escaped_from(self, position: int) -> bool:
        """mbox writes `>From ` for a line that begins with `From `: no quote when it stands alone."""
        if not self.lines[position].startswith(">From "):
            return False
        around = self.lines[max(position - 1, 0) : position] + self.lines[position + 1 : position + 2]
        return not any(_QUOTED.match(line) for line in around)

    def _everything_below_is_quoted(self, position: int) -> bool:
        line = self.lines[position]
        if not line.strip() and position not in self.cuts:
            return False
        if self.forwarding:
            return False
        if (
            (position in self.cuts and not (position in self.intros and self._announced(position)))
            or is_original_line(line)
            or is_header_block(self.lines, position)
            or is_lotus_block(self.lines, position)
        ):
            return not self._forward_begins(position)
        length = attribution_length(self.lines, position)
        if not length or self._next_is_quoted(position + length):
            return False
        return needs_no_quote(self.lines, position, length)

    def _forward_begins(self, position: int) -> bool:
        following = [line for line in self.lines[position : position + 6] if line.strip()]
        return any(is_forward_line(line) for line in following[:2])

    def _skipped_announcement(self, position: int) -> int:
        """The lines of "… wrote:" right above quoted lines."""
        if position in self.intros:
            return self._announced(position)
        length = attribution_length(self.lines, position)
        if length and self._next_is_quoted(position + length):
            return length
        if is_bare_attribution(self.lines[position]) and self._next_is_quoted(position + 1):
            return 1
        return 0

    def _announced(self, position: int) -> int:
        """How many lines the mail's HTML announces a quote with; 0 when no quoted line follows them soon."""
        for count, line in enumerate(self.lines[position : position + _INTRO_LINES]):
            if _QUOTED.match(line):
                return count
        return 0

    def _next_is_quoted(self, position: int) -> bool:
        for line in self.lines[position : position + 4]:
            if line.strip():
                return _QUOTED.match(line) is not None
        return False


def _without_signature(lines: list[str]) -> list[str]:
    """Cut at `-- `, when what follows is short enough to be a signature; then mobile footers."""
    for position in range(len(lines) - 1, max(len(lines) - _SIGNATURE_LINES, 0) - 1, -1):
        if is_signature(lines[position]):
            lines = lines[:position]
    while lines and (not lines[-1].strip() or _RULE.match(lines[-1]) or is_mobile_footer(lines[-1])):
        lines.pop()
    return lines


def _tidy(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return _BLANKS.sub("\n\n", text).strip()
