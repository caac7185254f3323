"""Promise 3: an ambiguous outcome is a state of its own, not retried without a person."""

from __future__ import annotations

import asyncio

import pytest

from hub.conversations import outcomes
from hub.deliveries.resending import resend
from hub.deliveries.wording import state_name, words
from hub.plumbing.errors import Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from tests.deliveries.road import answer, connect, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


async def test_promise_03_ambiguous_outcome_is_its_own_state(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp("drop-after-dot") as server:
        await connect(hub, world.mail.id, server)
        done = await answer(hub, world)
        [delivery] = done.deliveries
        async with running(hub):
            await until_all(hub, "unknown")
            server.become("")
            await asyncio.sleep(1.0)  # several sweeps and gaps of QUICK: nobody sends it again
            assert len(server.bodies) == 1

            row = await hub.pool.fetchrow("SELECT state, code, reason FROM delivery")
            with speaking("en"):
                assert state_name(row["state"]) == "perhaps sent"
                assert "perhaps sent" in words(row["code"], row["reason"])
            with speaking("es"):
                assert state_name(row["state"]) == "quizá enviado"

            async with hub.transaction() as tx:  # a person looked and sends it again
                await outcomes.tell(tx, [await resend(tx, delivery.id)], agent_id=world.ana)
            await until_all(hub, "sent")
        assert list(server.copies().values()) == [2], "the same Message-ID, so that mail programs show one"
    verbs = await hub.pool.fetch(
        "SELECT verb, agent_id FROM history WHERE verb IN ('perhaps_sent', 'resent')"
    )
    assert [(row["verb"], row["agent_id"]) for row in verbs] == [
        ("perhaps_sent", None),
        ("resent", world.ana),
    ]


async def test_what_was_sent_is_not_sent_again_by_a_person(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        [delivery] = (await answer(hub, world)).deliveries
        async with running(hub):
            await until_all(hub, "sent")
    with pytest.raises(Conflict):
        async with hub.transaction() as tx:
            await resend(tx, delivery.id)
