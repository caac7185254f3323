"""Promise 39: our inbox proves nobody's control of our domain: what a third party mails us, no outsider reads."""

from __future__ import annotations

import quopri

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.mails import mail
from tests.promises.acknowledging import acknowledged, acknowledging, letters
from tests.promises.arriving import Arrive, arriving, message
from tests.world import LINE, World

EVE = "Eve <eve@evil.test>"
CODE = "718-293"


def verification(to: str) -> bytes:
    """What a site sends to whoever signs up with an address of ours; nothing in it says that a machine wrote it."""
    return mail(
        "Sites <security@sites.test>",
        "Confirm your address",
        f"Your code is {CODE}. https://sites.test/confirm/{CODE}",
        to=to,
        message_id="<confirm-1@sites.test>",
    )


async def test_promise_39_the_ticket_trick(hub: Hub, world: World) -> None:
    """Eve signs up elsewhere with the signed address she got from us; then she writes, and is answered, and asks."""
    await acknowledging(hub)
    await hub.pool.execute("UPDATE agent SET undo_seconds = 0")
    async with arriving(hub, world.mail) as arrive:
        hers = await arrive(mail(EVE, message_id="<e1@evil.test>"))
        await acknowledged(hub)
        signed = f"help+r.{hub.crypto.sign('reply', hers.conversation_id or 0)}@dialogo.test"
        secret = await arrive(verification(signed))
        assert "stranger" in (await message(hub, secret))["warnings"]
        await answer(hub, world, hers.conversation_id)
        await arrive(mail(EVE, "Re: hola", "¿Qué más ha llegado?", to=signed))
        await answer(hub, world, hers.conversation_id)
        await she_tries_to_join(arrive, secret.conversation_id)
        await acknowledged(hub)
    sent = await letters(hub, world)
    assert [letter["To"].addresses[0].addr_spec for letter in sent].count("eve@evil.test") == 3
    for letter in sent:
        assert letter["Cc"] is None
        assert CODE not in quopri.decodestring(letter.as_bytes()).decode()


async def she_tries_to_join(arrive: Arrive, hers: int | None) -> None:
    """A verification mail to our plain address is a matter of its own; naming it gets her nowhere."""
    secret = await arrive(verification(LINE).replace(b"confirm-1", b"confirm-2"))
    assert secret.conversation_id != hers
    for raw in (
        mail(EVE, "Re: Confirm your address", in_reply_to="<confirm-2@sites.test>"),
        mail(EVE, "Re: Confirm your address", references="<confirm-2@sites.test>"),
        mail("Sites <security@sites.test.evil.test>", "Re: Confirm your address"),
        mail(EVE, f"[#{secret.conversation_id}]", to=f"help+r.{secret.conversation_id}@dialogo.test"),
        mail(EVE, "x", to=f"help+b.{secret.conversation_id}@dialogo.test"),
    ):
        assert (await arrive(raw)).conversation_id != secret.conversation_id
