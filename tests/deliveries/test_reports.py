"""A report finds its delivery by our token, the Message-ID or the provider's id, and only raises its state."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.channels.facts import DeliveryReported
from hub.deliveries import reports
from hub.deliveries.noting import Result, lock, note
from hub.deliveries.permission import No, Yes, may_send
from hub.deliveries.states import STATES, Changed, may_become
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from tests.deliveries.road import DOMAIN, matter, party
from tests.world import SECRET, World

CRYPTO = Crypto(SECRET)
GONE = "550 5.1.1 no such user"


async def sent(tx: Tx, world: World, *, cc: str = "", state: str = "sent") -> list[int]:
    """Deliveries of one answer of Ana's that have left."""
    from hub.conversations.replies import Answer, reply

    id_ = await matter(tx, world)
    copies = [party(cc)] if cc else []
    done = await reply(tx, DOMAIN, id_, world.ana, Answer(text="Hoy llega.", cc=copies))
    await tx.execute("UPDATE delivery SET state = $1, attempt = 1", state)
    return [delivery.id for delivery in done.deliveries]


async def report(tx: Tx, world: World, *facts: DeliveryReported) -> Sequence[Changed]:
    """Hand a batch of reports to the step of the road in."""
    told = [(world.mail.id, fact) for fact in facts]
    known = await reports.look_up(tx, CRYPTO, told)
    decided = [reports.decide(known, channel_id, fact) for channel_id, fact in told]
    return await reports.write(tx, decided)


def failed(**more: object) -> DeliveryReported:
    usual = {"state": "failed", "permanent": True, "status_code": "5.1.1", "reason": GONE}
    return DeliveryReported(**(usual | more))  # type: ignore[arg-type]


async def test_a_bounce_marks_the_delivery_and_the_address(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world)
    [changed] = await report(tx, world, failed(token=CRYPTO.sign("bounce", id_)))
    assert (changed.id, changed.before, changed.state) == (id_, "sent", "failed")
    row = await tx.record("SELECT state, permanent, code, reason FROM delivery WHERE id = $1", id_)
    assert row is not None
    assert tuple(row) == ("failed", True, "5.1.1", GONE)
    why = await tx.record("SELECT usable, why_not FROM address WHERE id = $1", world.marta_address)
    assert why is not None
    assert tuple(why) == (False, GONE)
    answer = await may_send(tx, world.marta_address, "service")
    assert isinstance(answer, No)
    assert GONE in answer.reason


async def test_only_dead_addresses_are_marked(tx: Tx, world: World) -> None:
    """A full box, spam or policy says nothing about the address."""
    for status in ("5.2.2", "5.7.1", "5.3.4", "5.0.0"):
        [id_] = await sent(tx, world)
        await report(tx, world, failed(token=CRYPTO.sign("bounce", id_), status_code=status, reason="no"))
        assert await tx.value("SELECT state FROM delivery WHERE id = $1", id_) == "failed"
    assert isinstance(await may_send(tx, world.marta_address, "service"), Yes)


async def test_without_token_the_message_id_and_recipient_decide(tx: Tx, world: World) -> None:
    marta, other = await sent(tx, world, cc="compras@acme.test")
    header = await tx.value("SELECT message_header FROM delivery WHERE id = $1", marta)
    await report(tx, world, failed(message_id=header, recipient="Compras@acme.test"))
    states = {row["id"]: row["state"] for row in await tx.fetch("SELECT id, state FROM delivery")}
    assert states == {marta: "sent", other: "failed"}
    assert await report(tx, world, failed(message_id=header, recipient="nobody@else.test")) == []


async def test_a_forged_token_marks_nothing(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world)
    forged = [
        Crypto("another secret, also long enough for one").sign("bounce", id_),
        CRYPTO.sign("reply", id_),
        "x" * 40,
        "",
    ]
    assert await report(tx, world, *(failed(token=token) for token in forged)) == []
    assert await tx.value("SELECT state FROM delivery WHERE id = $1", id_) == "sent"


async def test_a_delay_is_no_failure(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world)
    late = failed(token=CRYPTO.sign("bounce", id_), permanent=False, status_code="4.4.1", reason="later")
    assert await report(tx, world, late) == []
    row = await tx.record("SELECT state, reason FROM delivery WHERE id = $1", id_)
    assert row is not None
    assert tuple(row) == ("sent", "4.4.1 later")


async def test_the_state_never_goes_back(tx: Tx, world: World) -> None:
    """Out of order and repeated in one batch: the highest stays."""
    [id_] = await sent(tx, world)
    token = CRYPTO.sign("bounce", id_)
    told = [DeliveryReported(state=state, token=token) for state in ("read", "delivered", "read")]
    [changed] = await report(tx, world, *told)
    assert (changed.before, changed.state) == ("sent", "read")
    assert await report(tx, world, failed(token=token)) == []
    assert await tx.value("SELECT state FROM delivery WHERE id = $1", id_) == "read"


async def test_a_report_settles_what_was_perhaps_sent(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world, state="unknown")
    [changed] = await report(tx, world, DeliveryReported(state="delivered", token=CRYPTO.sign("bounce", id_)))
    assert (changed.before, changed.state) == ("unknown", "delivered")


async def test_a_report_before_our_own_note_is_not_lowered(tx: Tx, world: World) -> None:
    """The report was faster than the worker's commit: the state stays, the provider's id is added."""
    [id_] = await sent(tx, world, state="sending")
    await report(tx, world, DeliveryReported(state="delivered", token=CRYPTO.sign("bounce", id_)))
    mine = Result(id=id_, attempt=1, state="sent", provider_id="SM1")
    assert await note(tx, await lock(tx, [id_]), [mine]) == []
    row = await tx.record("SELECT state, provider_id FROM delivery WHERE id = $1", id_)
    assert row is not None
    assert tuple(row) == ("delivered", "SM1")


async def test_an_early_report_is_kept_and_joined(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world, state="sending")
    early = DeliveryReported(state="delivered", provider_id="SM7")
    assert await report(tx, world, early) == []
    assert await reports.join_early(tx, CRYPTO) == []
    await note(tx, await lock(tx, [id_]), [Result(id=id_, attempt=1, state="sent", provider_id="SM7")])
    [changed] = await reports.join_early(tx, CRYPTO)
    assert (changed.id, changed.state) == (id_, "delivered")
    assert await tx.value("SELECT count(*) FROM early_report") == 0


def test_nothing_lowers_a_state() -> None:
    order = ["held", "queued", "claimed", "sending", "unknown", "sent", "delivered", "read"]
    for high in ("sent", "delivered", "read"):
        for low in order[: order.index(high)]:
            assert not may_become(high, low, "worker")
            assert not may_become(high, low, "report")
    for state in STATES:
        assert not may_become("canceled", state, "worker")
        assert not may_become(state, state, "report")
    assert not may_become("unknown", "queued", "worker")
    assert not may_become("unknown", "queued", "sweep")


@pytest.mark.parametrize(
    ("rows", "service", "marketing"),
    [
        ([], True, False),
        ([("marketing", True)], True, True),
        ([("marketing", True), ("marketing", False)], True, False),
        ([("marketing", True), ("service", False)], False, False),
        ([("marketing", True), ("service", False), ("service", True)], True, True),
    ],
)
async def test_the_newest_wish_counts(
    tx: Tx, world: World, rows: list[tuple[str, bool]], service: bool, marketing: bool
) -> None:
    for purpose, granted in rows:
        await tx.execute(
            "INSERT INTO consent (address_id, purpose, granted, source) VALUES ($1, $2, $3, 'test')",
            world.marta_address,
            purpose,
            granted,
        )
    assert isinstance(await may_send(tx, world.marta_address, "service"), Yes) is service
    assert isinstance(await may_send(tx, world.marta_address, "marketing"), Yes) is marketing


async def test_what_may_pass_gets_one_more_try_later_and_then_is_final(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world)
    off = failed(token=CRYPTO.sign("bounce", id_), status_code="30003", reason="off", retry_minutes=15)
    [changed] = await report(tx, world, off)
    assert (changed.before, changed.state) == ("sent", "queued")
    row = await tx.record(
        "SELECT due_at > now() + interval '14 minutes' AS later, attempt, code FROM delivery WHERE id = $1",
        id_,
    )
    assert row is not None
    assert tuple(row) == (True, 2, "30003")
    assert await report(tx, world, off) == []  # the same again finds nothing that has left
    await tx.execute("UPDATE delivery SET state = 'sent', tries = tries + 1")
    [changed] = await report(tx, world, off)
    assert (changed.state, changed.permanent) == ("failed", True)


async def test_what_was_said_beside_the_failure_does_not_hurry_the_next_try(tx: Tx, world: World) -> None:
    [id_] = await sent(tx, world)
    token = CRYPTO.sign("bounce", id_)
    off = failed(token=token, status_code="30003", reason="off", retry_minutes=15)
    [changed] = await report(
        tx, world, off, DeliveryReported(state="delayed", token=token, reason="still off")
    )
    assert changed.state == "queued"
    later = "SELECT due_at > now() + interval '14 minutes' FROM delivery WHERE id = $1"
    assert await tx.value(later, id_)
