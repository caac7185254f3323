"""Who waits in vain says for what."""

from __future__ import annotations

import pytest

from tests.waiting import blocking_until, until, until_equal


async def test_who_waits_in_vain_says_for_what() -> None:
    answers = iter((0, "", 7))
    assert await until(lambda: next(answers)) == 7
    found: list[int] = []
    with pytest.raises(AssertionError, match=r"0 instead of something true after 0 s: .*len\(found\)"):
        await until(lambda: len(found), 0)

    async def two() -> int:
        return 2

    await until_equal(two, 2)
    with pytest.raises(AssertionError, match=r"2 instead of 3 after 0 s: async def two"):
        await until_equal(two, 3, 0)
    with pytest.raises(AssertionError, match="False instead of something true"):
        blocking_until(lambda: False, 0)
