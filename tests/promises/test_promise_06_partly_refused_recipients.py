"""Promise 6: partly refused recipients are reported one by one, the accepted ones are not sent again."""

from __future__ import annotations

import asyncio

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, party, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World


async def test_promise_06_partly_refused_recipients(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    with FaultySmtp("RCPT:gone@acme.test=550 5.1.1 gone is unknown") as server:
        await connect(hub, world.mail.id, server)
        done = await answer(hub, world, cc=[party("gone@acme.test")])
        async with running(hub):
            await until_all(hub, "sent", "failed")
            await asyncio.sleep(0.5)
        assert [body.rcpt_to for body in server.bodies] == [["marta@acme.test"]]
        assert len(server.attempts) == 2
    rows = await hub.pool.fetch("SELECT recipient, state, reason FROM delivery ORDER BY id")
    assert [(row["recipient"], row["state"]) for row in rows] == [
        ("marta@acme.test", "sent"),
        ("gone@acme.test", "failed"),
    ]
    assert "gone is unknown" in rows[1]["reason"]
    told = await hub.pool.fetch(
        "SELECT details FROM history WHERE verb = 'delivery_failed' AND conversation_id = $1",
        done.conversation_id,
    )
    assert [row["details"]["recipient"] for row in told] == ["gone@acme.test"]
