"""PostgreSQL's own programs are told the password where only they can read it."""

from __future__ import annotations

import pytest

from hub.operating.postgres_programs import without_password


@pytest.mark.parametrize(
    ("url", "bare", "password"),
    [
        ("postgresql://hub:s%40cret@db:5432/hub", "postgresql://hub@db:5432/hub", "s@cret"),
        ("postgresql://db/hub?password=s%40cret&user=hub", "postgresql://db/hub?user=hub", "s@cret"),
        ("postgresql:///hub?host=/tmp/pg", "postgresql:///hub?host=%2Ftmp%2Fpg", ""),
        ("postgresql://hub@[::1]/hub", "postgresql://hub@[::1]/hub", ""),
    ],
)
def test_no_password_stands_among_the_arguments(url: str, bare: str, password: str) -> None:
    assert without_password(url) == (bare, password)
