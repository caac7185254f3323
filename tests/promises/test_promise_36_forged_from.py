"""Promise 36: a forged From never becomes the customer, or an agent, without a visible doubt."""

from __future__ import annotations

import pytest

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.mails import mail
from tests.promises.arriving import arriving, believing, conversation, english, message
from tests.web.browsing import Web
from tests.world import World

DOUBT = "Not proven that this sender is who they say"
PASSED = "dmarc=pass header.from=acme.test"
FORGED = {
    "nothing proves it": mail("Marta Ruiz <marta@acme.test>"),
    "the result of another server": mail(
        "Marta <marta@acme.test>", extra=f"Authentication-Results: mx.evil.test; {PASSED}"
    ),
    "our server's name with a tail": mail(
        "Marta <marta@acme.test>", extra=f"Authentication-Results: mx.dialogo.test.evil.test; {PASSED}"
    ),
    "our server's no above a forged yes": mail(
        "Marta <marta@acme.test>",
        extra="Authentication-Results: mx.dialogo.test; dmarc=fail header.from=acme.test\r\n"
        f"Authentication-Results: mx.dialogo.test; {PASSED}",
    ),
    "the yes in a comment": mail(
        "Marta <marta@acme.test>",
        extra=f"Authentication-Results: mx.dialogo.test; dmarc=fail (was ; {PASSED}) header.from=acme.test",
    ),
    "the yes in a quoted text": mail(
        "Marta <marta@acme.test>",
        extra=f'Authentication-Results: mx.dialogo.test; spf=fail smtp.mailfrom="x; {PASSED}"',
    ),
    "a yes for the attacker's own domain": mail(
        "Marta <marta@acme.test>",
        extra="Authentication-Results: mx.dialogo.test; spf=pass smtp.mailfrom=eve@evil.test; "
        "dkim=pass header.d=evil.test",
    ),
    "a signature of the bare top level": mail(
        "Marta <marta@acme.test>", extra="Authentication-Results: mx.dialogo.test; dkim=pass header.d=test"
    ),
    "two From headers": mail(
        "Marta <marta@acme.test>",
        extra="From: Eve <eve@evil.test>\r\n"
        "Authentication-Results: mx.dialogo.test; dmarc=pass header.from=evil.test",
    ),
    "two addresses in one From": mail(
        "Marta <marta@acme.test>, Eve <eve@evil.test>",
        extra=f"Authentication-Results: mx.dialogo.test; {PASSED}",
    ),
}


@pytest.mark.parametrize("trick", FORGED)
async def test_promise_36_forged_from(hub: Hub, site: Web, world: World, trick: str) -> None:
    """It may reach Marta's owner, but marked: for people at the message, for programs by `verified`."""
    await hub.pool.execute("UPDATE address SET verified = false")
    async with arriving(hub, believing(world.mail)) as arrive:
        outcome = await arrive(FORGED[trick])
    stored = await message(hub, outcome)
    assert not stored["verified"]
    assert not await hub.pool.fetchval("SELECT bool_or(verified) FROM address"), "it proved an address"
    ana = await english(site, world)
    assert DOUBT in await ana.text(f"/inbox/all/c/{outcome.conversation_id}")


async def test_what_our_own_server_vouches_for_carries_no_doubt(hub: Hub, site: Web, world: World) -> None:
    raw = mail("Marta <marta@acme.test>", extra=f"Authentication-Results: mx.dialogo.test; {PASSED}")
    async with arriving(hub, believing(world.mail)) as arrive:
        outcome = await arrive(raw)
    assert (await message(hub, outcome))["verified"]
    ana = await english(site, world)
    assert DOUBT not in await ana.text(f"/inbox/all/c/{outcome.conversation_id}")


@pytest.mark.parametrize(
    ("sender", "really"),
    [
        ('"marta@acme.test" <eve@evil.test>', "eve@evil.test"),
        ("marta@acme.test (Marta) <eve@evil.test>", "eve@evil.test"),
        ("Marta <eve@evil.test> (<marta@acme.test>)", "eve@evil.test"),
        ("=?utf-8?b?TWFydGEgPG1hcnRhQGFjbWUudGVzdD4=?= <eve@evil.test>", "eve@evil.test"),
    ],
)
async def test_a_name_that_looks_like_another_address_is_nobody_elses(
    hub: Hub, world: World, sender: str, really: str
) -> None:
    """CVE-2023-27043 and its kin: the person is the address, and the odd name is remarked upon."""
    async with arriving(hub, world.mail) as arrive:
        outcome = await arrive(mail(sender))
    stored = await message(hub, outcome)
    assert stored["sender"]["address"] == really
    assert stored["contact_id"] != world.marta
    assert (await conversation(hub, outcome))["contact_id"] != world.marta


async def test_a_forged_mail_moves_no_answer_elsewhere(hub: Hub, world: World) -> None:
    """Reply-To of an unproven mail does not redirect what Marta gets, and her old matters are not joined by guess."""
    async with arriving(hub, believing(world.mail)) as arrive:
        first = await arrive(
            mail("Marta <marta@acme.test>", extra=f"Authentication-Results: mx.dialogo.test; {PASSED}")
        )
        second = await arrive(mail("Marta <marta@acme.test>", extra="Reply-To: eve@evil.test"))
    assert second.conversation_id != first.conversation_id, "joined by guess, without any proof"
    done = await answer(hub, world, second.conversation_id)
    assert [one.recipient for one in done.deliveries] == ["marta@acme.test"]
