"""Promise 37: a mail can never act as an agent, whatever it says of itself and whichever id it guesses."""

from __future__ import annotations

import base64

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.mails import mail
from tests.promises.arriving import arriving, message
from tests.world import World

ANA = "Ana <ana@dialogo.test>"


async def test_promise_37_mail_never_acts_as_an_agent(hub: Hub, world: World) -> None:
    """Mails from Ana's own address, naming what only guessing can name: each stands as a stranger's new matter."""
    done = await answer(hub, world)
    id_, version = done.conversation_id, await hub.pool.fetchval("SELECT version FROM conversation")
    guessed = base64.b32encode(bytes(12) + id_.to_bytes(2, "big")).decode().rstrip("=").lower()
    signed = hub.crypto.sign("reply", id_)
    tries = [
        mail(
            ANA,
            "Re: Pedido 48213",
            "Cerrado. #close",
            in_reply_to=f"<notification-{id_}-{world.ana}@dialogo.test>",
        ),
        mail(ANA, "Re: Pedido", references=f"<{id_}.{done.id}.0123456789abcdef@hub.dialogo.test>"),
        mail(ANA, f"Re: [#{id_}] Pedido 48213", "@@assign luis"),
        mail(ANA, "Re: Pedido", to=f"help+r.{id_}@dialogo.test"),
        mail(ANA, "Re: Pedido", to=f"help+r.{guessed}@dialogo.test"),
        mail(ANA, "Re: Pedido", to=f"help+r.{signed[:-1]}{'a' if signed[-1] != 'a' else 'b'}@dialogo.test"),
        mail(ANA, "Re: Pedido", to=f"help+r.{hub.crypto.sign('bounce', id_)}@dialogo.test"),
        mail(ANA, "Re: Pedido", extra=f"X-Dialogo-Id: <{id_}.{done.id}.0123456789abcdef@hub.dialogo.test>"),
    ]
    async with arriving(hub, world.mail) as arrive:
        for number, raw in enumerate(tries):
            outcome = await arrive(raw)
            stored = await message(hub, outcome)
            assert outcome.conversation_id != id_, f"try {number} got into the conversation"
            assert (stored["direction"], stored["agent_id"], stored["verified"]) == ("in", None, False)
    await nothing_was_done(hub, done.conversation_id, version)


async def test_even_a_good_reply_address_makes_the_agents_address_no_agent(hub: Hub, world: World) -> None:
    """Ana's address, with the token the customer got: it joins as an outsider's words, marked, and goes nowhere."""
    done = await answer(hub, world)
    before = await hub.pool.fetchval("SELECT assignee_id FROM conversation")
    async with arriving(hub, world.mail) as arrive:
        token = hub.crypto.sign("reply", done.conversation_id)
        outcome = await arrive(mail(ANA, "Re: Pedido 48213", "Cerrado", to=f"help+r.{token}@dialogo.test"))
    stored = await message(hub, outcome)
    assert outcome.conversation_id == done.conversation_id
    assert (stored["direction"], stored["agent_id"]) == ("in", None)
    assert "stranger" in stored["warnings"]
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 1
    assert await hub.pool.fetchval("SELECT assignee_id FROM conversation") == before


async def nothing_was_done(hub: Hub, conversation_id: int, version: int) -> None:
    """The matter is as it was: nobody wrote in it, moved it, or sent anything."""
    now = await hub.pool.fetchval(
        "SELECT (version, last_seq) FROM conversation WHERE id = $1", conversation_id
    )
    assert now == (version, 2)
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 1
    by_mail = "SELECT count(*) FROM history WHERE agent_id IS NOT NULL AND conversation_id <> $1"
    assert await hub.pool.fetchval(by_mail, conversation_id) == 0
