"""Promise 42: nobody makes us mail a stranger their words: the acknowledgement quotes nothing, and is capped."""

from __future__ import annotations

import quopri

from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.promises.acknowledging import acknowledged, acknowledging, letters
from tests.promises.arriving import arriving, believing
from tests.world import World

WORDS = "Hacked"
VICTIM = "victim@victims.test"


def attack(number: int) -> bytes:
    """A mail in the victim's name, with the attacker's words wherever an acknowledgement might repeat them."""
    return mail(
        f"{WORDS} at https://evil.test/{number} <{VICTIM}>",
        f"{WORDS}: call +34 600 000 {number:03}",
        f"{WORDS}! Pay at https://evil.test/{number} <a href='https://evil.test'>{WORDS}</a>",
        extra=f"Reply-To: {WORDS} <second-victim@victims.test>\r\nCc: {WORDS} <third@victims.test>",
        message_id=f"<{number}@evil.test>",
    )


async def test_promise_42_not_a_relay(hub: Hub, world: World) -> None:
    await acknowledging(hub)
    async with arriving(hub, world.mail) as arrive:
        for number in range(100):
            await arrive(attack(number))
    assert await acknowledged(hub) == 1, "once a day and address"
    (letter,) = await letters(hub, world)
    assert (letter["To"], letter["Cc"]) == (VICTIM, None)
    whole = "".join(f"{name}: {value}\n" for name, value in letter.items())
    whole += quopri.decodestring(letter.as_bytes()).decode()
    assert "Gracias" in whole
    for theirs in (WORDS, "https://evil.test", "600 000", "second-victim", "third@"):
        assert theirs not in whole, theirs


async def test_a_proven_sender_gets_their_own_subject_back(hub: Hub, world: World) -> None:
    """Their mail program then shows it with what they wrote."""
    await acknowledging(hub)
    async with arriving(hub, believing(world.mail)) as arrive:
        await arrive(
            mail(
                "Marta <marta@acme.test>",
                "Pedido 48213",
                extra="Authentication-Results: mx.dialogo.test; dmarc=pass header.from=acme.test",
            )
        )
    await acknowledged(hub)
    (letter,) = await letters(hub, world)
    assert letter["Subject"] == "Re: Pedido 48213"
    assert "¿dónde está" not in letter.as_string()
