"""Promise 41: a loop that hides its headers is cut by rate, and our own automatic mail says what it is."""

from __future__ import annotations

import pytest

from hub.conversations import auto_reply
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.promises.acknowledging import WORDING, acknowledged, acknowledging, letters
from tests.promises.arriving import arriving
from tests.world import World


async def test_promise_41_hidden_loops_are_cut_by_rate(hub: Hub, world: World) -> None:
    """Another hub acknowledges whatever we send as a new matter, all headers stripped: one answer, and it is over."""
    await acknowledging(hub)
    async with arriving(hub, world.mail) as arrive:
        for turn in range(30):
            await arrive(mail("Other Hub <care@other.test>", f"Case {turn}", f"Thank you for «{WORDING}»"))
            assert await acknowledged(hub) == 1
    (letter,) = await letters(hub, world)
    assert letter["Auto-Submitted"] == "auto-replied"
    assert letter["X-Auto-Response-Suppress"] == "All"


async def test_a_loop_from_ever_new_addresses_is_cut_too(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ticket system writes from care+1@, care+2@ … and from ticket-1@, ticket-2@ … of one domain."""
    monkeypatch.setattr(auto_reply, "A_DOMAIN_AN_HOUR", 10)
    await acknowledging(hub)
    async with arriving(hub, world.mail) as arrive:
        for number in range(12):
            await arrive(mail(f"Care <care+{number}@plus.test>", f"Case {number}"))
        of_one_mailbox = await acknowledged(hub)
        for number in range(30):
            await arrive(mail(f"Care <ticket-{number}@tickets.test>", f"Case {number}"))
        of_one_domain = await acknowledged(hub) - of_one_mailbox
    # The windows are fixed: a test that runs over the full hour meets two.
    assert 0 < of_one_mailbox <= 2 * auto_reply.A_MAILBOX_A_DAY
    assert 0 < of_one_domain <= 20


async def test_many_people_of_a_free_mail_provider_are_no_loop(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_reply, "A_DOMAIN_AN_HOUR", 3)
    await acknowledging(hub)
    async with arriving(hub, world.mail) as arrive:
        for number in range(8):
            await arrive(mail(f"P{number} <p{number}@gmail.com>", f"Asunto {number}"))
    assert await acknowledged(hub) == 8
