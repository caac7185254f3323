"""Answers that did not arrive: what goes on by itself is not listed, the others say the best thing to do."""

from __future__ import annotations

from hub.conversations import fallback
from hub.conversations.unanswered import steps, unanswered
from hub.plumbing.db import Tx
from tests.conversations.crossing import Crossing, crossing, fail
from tests.world import World


async def best(tx: Tx, world: World, made: Crossing) -> str:
    [one] = await unanswered(tx, world.ana)
    assert one.delivery_id == made.delivery
    step = (await steps(tx, [one]))[one.delivery_id]
    return f"{step.kind} {step.way.channel.name if step.way else ''}".strip()


async def test_the_next_best_thing(tx: Tx, world: World) -> None:
    made = await crossing(tx, world, {"fallback": {"on": False}})
    await fail(tx, made.delivery, "unknown")
    assert await best(tx, world, made) == "again"
    await fail(tx, made.delivery)
    assert await best(tx, world, made) == "otherwise Support mail"
    await tx.execute("UPDATE address SET usable = false WHERE id = $1", world.marta_address)
    assert await best(tx, world, made) == "correct"
    await tx.execute("INSERT INTO channel (key, kind, name) VALUES ('voice', 'voice', 'Telephone')")
    assert await best(tx, world, made) == "call Telephone", "a landline rings"


async def test_what_goes_on_is_nobodys_work_until_it_is_stopped(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await fail(tx, made.delivery)
    going = await fallback.go_on(tx, made.delivery)
    assert going is not None
    assert await unanswered(tx, world.ana) == []
    await fallback.stop(tx, going.id, world.ana)
    assert [one.delivery_id for one in await unanswered(tx, world.ana)] == [made.delivery]
