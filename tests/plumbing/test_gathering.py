"""Many who ask at once cost one question, and each answer is younger than who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.plumbing.gathering import Gathering


async def test_whoever_asks_while_a_question_is_under_way_goes_with_the_next():
    asked: list[list[str]] = []
    go_on = asyncio.Event()

    async def ask(keys: Sequence[str]) -> dict[str, int]:
        asked.append(sorted(keys))
        await go_on.wait()
        return {key: len(asked) for key in keys if key != "nobody"}

    lines = Gathering(ask)
    first = asyncio.create_task(lines.of("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(lines.of(key)) for key in ("a", "b", "a", "nobody")]
    gone = asyncio.create_task(lines.of("b"))
    await asyncio.sleep(0)
    gone.cancel()
    go_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, 2, 2, None]
    assert asked == [["a"], ["a", "b", "nobody"]]


async def test_what_could_not_be_asked_is_told_to_all_and_asked_again_by_the_next():
    answers: list[Exception | dict[str, int]] = [OSError("away"), {"a": 1}]

    async def ask(keys: Sequence[str]) -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lines = Gathering(ask)
    told = await asyncio.gather(lines.of("a"), lines.of("b"), return_exceptions=True)
    assert [str(one) for one in told] == ["away", "away"]
    assert await lines.of("a") == 1
    with pytest.raises(IndexError):
        await lines.of("a")
