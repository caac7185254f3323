"""A Dovecot for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.dovecot import Dovecot


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server
