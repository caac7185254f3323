"""Who is told to end ends, also when what it waited for took the word for an error of its own."""

from __future__ import annotations

import asyncio


def unless_told_to_end() -> None:
    """For loops that log errors and go on for ever. Raises CancelledError once this task was cancelled.

    A driver may answer a cancellation with its own time-out or complaint; nobody says it twice.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
