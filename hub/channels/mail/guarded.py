"""Reading a mail never raises: what cannot be read is said to be unreadable, and stops no mailbox."""

from __future__ import annotations

from collections.abc import Callable

from hub.channels.base import Raw
from hub.channels.facts import AnyFact, Unreadable
from hub.channels.outgoing import Line


def facts_of(read: Callable[[Raw, Line], list[AnyFact]], raw: Raw, line: Line) -> list[AnyFact]:
    """What `read` understands of it, or why it does not. MemoryError goes on: the reading process answers for it."""
    try:
        return read(raw, line)
    except MemoryError:
        raise
    except Exception as error:  # hostile and broken mails make a parser raise anything
        return [Unreadable(reason=f"{type(error).__name__}: {error}"[:500])]
