"""A signed name has one spelling, whatever case a mail server makes of it."""

from __future__ import annotations

import pytest

from hub.plumbing.crypto import _LETTERS, Crypto
from tests.world import SECRET

CRYPTO = Crypto(SECRET)


@pytest.mark.parametrize("number", [0, 1, 255, 256, 70_000, 2**40, 2**63 - 1])
def test_only_the_name_itself_is_taken_in_any_case(number: int) -> None:
    name = CRYPTO.sign("reply", number)
    others = {name[:at] + letter + name[at + 1 :] for at in range(len(name)) for letter in _LETTERS} - {name}
    assert CRYPTO.verify("reply", name) == CRYPTO.verify("reply", name.upper()) == number
    assert {CRYPTO.verify("reply", other) for other in others} == {None}
    assert CRYPTO.verify("click", name) is CRYPTO.verify("reply", name + "a") is None
    assert CRYPTO.verify("reply", name[:-1]) is None
