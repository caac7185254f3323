"""Our plus addresses are built and recognised; other people's plus addresses are left alone."""

from __future__ import annotations

import pytest

from hub.channels.mail.addresses import normalised
from hub.channels.mail.tokens import bounce_address, bounce_token, reply_address, reply_token, without_token


def test_an_address_carries_a_token_there_and_back() -> None:
    assert reply_address("support@d.example", "aB_9-z") == "support+r.aB_9-z@d.example"
    assert reply_token("support+r.aB_9-z@d.example") == "aB_9-z"
    assert bounce_token(bounce_address("support@d.example", "x1")) == "x1"
    assert reply_token(bounce_address("support@d.example", "x1")) == ""
    assert without_token("support+r.aB_9-z@d.example") == "support@d.example"


def test_a_token_replaces_the_one_before() -> None:
    assert reply_address("support+r.old@d.example", "new") == "support+r.new@d.example"
    assert reply_address("support+es@d.example", "new") == "support+es+r.new@d.example"


@pytest.mark.parametrize(
    "address", ["ana+r@d.example", "ana+r.@d.example", "ana+rx.abc@d.example", "ana@d.example", "", "+r.x"]
)
def test_other_addresses_have_no_token(address: str) -> None:
    assert reply_token(address) == ""
    assert without_token(address) == address


@pytest.mark.parametrize("token", ["", "a b", "a@b", "a\r\nBcc", "ñ", "x" * 201])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(ValueError):
        reply_address("support@d.example", token)


def test_only_the_token_keeps_its_case() -> None:
    assert normalised("Support+R.aBc@D.Example") == "support+r.aBc@d.example"
    assert normalised(" Marta.García@ACME.example ") == "marta.garcía@acme.example"
