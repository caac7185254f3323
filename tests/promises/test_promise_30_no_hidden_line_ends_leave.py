"""Promise 30, on the way out: CR/LF hidden in a field never reaches an outgoing header."""

from __future__ import annotations

from email import message_from_bytes, policy

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer, connect, matter, party, running, until_all, without_undo_window
from tests.fakes.faulty_smtp import FaultySmtp
from tests.world import World

EVIL = "x\r\nBcc: victim@evil.test\r\n\r\nbody"


async def test_promise_30_no_hidden_line_ends_leave(hub: Hub, world: World) -> None:
    await without_undo_window(hub, world)
    await hub.pool.execute("UPDATE agent SET name = $2 WHERE id = $1", world.ana, f"Ana {EVIL}")
    await hub.pool.execute("UPDATE channel SET name = $1", f"Soporte {EVIL}")
    with FaultySmtp() as server:
        await connect(hub, world.mail.id, server)
        async with hub.transaction() as tx:
            id_ = await matter(tx, world, subject=f"Pedido {EVIL}")
            await tx.execute("UPDATE message SET message_id = $1, thread_ids = $2", f"a{EVIL}@x", [EVIL])
        await answer(
            hub,
            world,
            id_,
            to=[party("marta@acme.test", f"Marta {EVIL}")],
            cc=[party("jorge@gmail.com", "=?utf-8?q?Jorge=0D=0ABcc:_victim@evil.test?=")],
        )
        await answer(hub, world, None, subject=f"Hola {EVIL}")
        async with running(hub):
            await until_all(hub, "sent")
        assert {address for body in server.bodies for address in body.rcpt_to} == {
            "marta@acme.test",
            "jorge@gmail.com",
        }
        for body in server.bodies:
            head = body.raw.partition(b"\r\n\r\n")[0].lower()
            assert b"\r\nbcc:" not in head
            assert head.count(b"\r\nsubject:") == 1
            mail = message_from_bytes(body.raw, policy=policy.default)
            assert mail["Bcc"] is None
            assert "\n" not in mail["Subject"]
