"""What a review looks at first: messages with a hole, people it is the wrong moment for, and the longest. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns.reaching import Line
from hub.campaigns.rendering import Content
from hub.channels.registry import adapter

LONG_SUBJECT, LONG_PARTS = 60, 2
WEIGHTS = {
    "broken": 9000,
    "empty": 8000,
    "complaint": 4000,
    "bought": 2000,
    "shared": 1000,
    "language": 500,
    "long": 100,
}


def looked_at(
    content: Content | None, line: Line, *, held: str = "", shared: bool = False, odd: bool = False
) -> list[str]:
    """What the deck warns of, worst first; `content` None: it cannot be rendered."""
    flags = ["broken"] if content is None else ["empty"] if content.missing else []
    flags += [held] if held else []
    flags += ["shared"] if shared else []
    flags += ["language"] if odd else []
    if content is not None:
        measured = adapter(line.kind).measure(content.said_on(line.can)) if line.can.parts else None
        long_subject = line.can.subject and len(content.subject) > LONG_SUBJECT
        flags += ["long"] if long_subject or (measured and measured.parts > LONG_PARTS) else []
    return flags


def how_bad(flags: Sequence[str], content: Content | None) -> int:
    """The deck's order: warnings first, then the longest."""
    length = 0 if content is None else len(content.text) + len(content.subject)
    return min(32_000, sum(WEIGHTS.get(flag, 0) for flag in flags) + min(99, length // 40))
