"""One thing that is wrong with a campaign's message, in words for who writes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """An error blocks the approval, a warning is for a look. `line` counts from 1, 0: no line.

    `field`: subject, text, html, short, `approved_variables.<blank>`, or approved_text_id. `words` are in the
    language being spoken when it was found.
    """

    code: str
    severity: Literal["error", "warning"]
    field: str
    words: str
    line: int = 0


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether the message cannot be approved like this."""
    return any(one.severity == "error" for one in findings)


def error(code: str, field: str, words: str, line: int = 0) -> Finding:
    """A finding that blocks."""
    return Finding(code=code, severity="error", field=field, words=words, line=line)


def warning(code: str, field: str, words: str, line: int = 0) -> Finding:
    """A finding that does not."""
    return Finding(code=code, severity="warning", field=field, words=words, line=line)
