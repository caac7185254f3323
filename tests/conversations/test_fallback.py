"""An answer that did not arrive goes on by the next permitted way: once, held, visible, and stoppable."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.base import Capabilities, Raw
from hub.channels.facts import DeliveryReported, MessageReceived, Party
from hub.conversations import fallback, outcomes
from hub.conversations.fallback_policy import Failure, Policy, policy_of, stays
from hub.conversations.history_lines import lines, sentence
from hub.customers import consent
from hub.deliveries import reports
from hub.deliveries.claiming import claim
from hub.deliveries.noting import Result, lock, note
from hub.intake import Inbound
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.hub import Hub
from tests.conversations.crossing import NUMBER, Crossing, crossing, fail, number_of
from tests.conversations.making import said, verbs
from tests.world import SECRET, World

CRYPTO = Crypto(SECRET)
ALL = ("held", "queued", "claimed", "sending", "sent", "delivered", "read", "failed", "unknown", "canceled")


async def after(tx: Tx, of: int) -> dict[str, Any] | None:
    row = await tx.record("SELECT * FROM delivery WHERE fallback_of = $1", of)
    return None if row is None else dict(row)


async def test_a_landline_goes_on_by_mail_after_the_cancel_period(tx: Tx, world: World) -> None:
    made = await crossing(tx, world, {"fallback": {"cancel_minutes": 7}})
    await fail(tx, made.delivery)
    going = await fallback.go_on(tx, made.delivery)
    assert going is not None
    row = await after(tx, made.delivery)
    assert row is not None
    assert (row["channel_id"], row["recipient"], row["state"]) == (world.mail.id, "marta@acme.test", "held")
    assert row["message_id"] == made.answer.id
    assert row["message_header"] == await tx.value(
        "SELECT message_header FROM delivery WHERE id = $1", made.delivery
    )
    assert row["due_at"] - datetime.now(UTC) > timedelta(minutes=6)
    told = [sentence(one) for one in await lines(tx, made.conversation)]
    assert told == ["It could not be delivered by SMS, so it goes on by Support mail to marta@acme.test"]


async def test_it_goes_on_once(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is not None
    assert await fallback.go_on(tx, made.delivery) is None
    assert await tx.value("SELECT count(*) FROM delivery") == 2


async def test_what_was_perhaps_sent_never_goes_on(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    for state in ALL:
        if state != "failed":
            await fail(tx, made.delivery, state)
            assert await fallback.go_on(tx, made.delivery) is None, state


async def test_silence_counts_only_when_it_left(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    for state in ("delivered", "unknown", "queued"):
        await fail(tx, made.delivery, state)
        assert await fallback.go_on(tx, made.delivery, silent=True) is None
    await fail(tx, made.delivery, "sent")
    assert await fallback.go_on(tx, made.delivery, silent=True) is not None


@pytest.mark.parametrize(
    "trouble", ["unproven", "shared", "opted out", "dead", "somebody else's", "switched off"]
)
async def test_never_to_an_unpermitted_or_unproven_address(tx: Tx, world: World, trouble: str) -> None:
    made = await crossing(tx, world)
    wish = consent.Wish(address_id=world.marta_address, purpose="service", granted=False, source="word")
    if trouble == "opted out":
        await consent.record(tx, [wish])
    change = {
        "unproven": "verified = false",
        "shared": "shared = true",
        "dead": "usable = false",
        "somebody else's": f"contact_id = {world.jorge:d}",
    }.get(trouble)
    if change:
        await tx.execute(f"UPDATE address SET {change} WHERE id = {world.marta_address:d}")
    if trouble == "switched off":
        await tx.execute("UPDATE channel SET enabled = false WHERE id = $1", world.mail.id)
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is None


async def test_the_channels_policy_and_the_conversations_choice(tx: Tx, world: World) -> None:
    made = await crossing(tx, world, {"fallback": {"on": False}})
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is None
    await fallback.choose(tx, made.conversation, "on", world.ana)
    assert await fallback.go_on(tx, made.delivery) is not None


async def test_only_to_the_channels_the_policy_names(tx: Tx, world: World) -> None:
    made = await crossing(tx, world, {"fallback": {"to": ["another"]}})
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is None


async def test_who_gets_it_already_gets_it_no_second_time(tx: Tx, world: World) -> None:
    """Two numbers of one person, both dead: one mail."""
    made = await crossing(tx, world)
    second = await number_of(tx, world.marta, "+34600999999")
    other = await tx.value(
        """
        INSERT INTO delivery (token, message_id, channel_id, recipient, address_id, message_header, state)
        VALUES ('second', $1, $2, '+34600999999', $3, 'x', 'failed') RETURNING id
        """,
        made.answer.id,
        made.sms.id,
        second,
    )
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is not None
    assert await fallback.go_on(tx, other) is None


async def test_what_was_mailed_to_a_typed_address_never_goes_on_to_its_owner(tx: Tx, world: World) -> None:
    """A visitor typed Marta's address into a chat, and that mail failed: her telephone gets nothing of it."""
    made = await crossing(tx, world)
    await fail(tx, made.delivery)
    await tx.execute(
        """
        WITH chat AS (
            INSERT INTO delivery (token, message_id, channel_id, recipient, message_header, state)
            VALUES ('chat', $1, $2, 'visitor:x', 'x', 'sent') RETURNING id
        ), session AS (
            INSERT INTO chat_session (channel_id, token_hash, name) VALUES ($2, 'hash', 'x') RETURNING id
        ), mailed AS (
            INSERT INTO chat_mailed (delivery_id, session_id) SELECT chat.id, session.id FROM chat, session
        )
        UPDATE delivery SET fallback_of = chat.id FROM chat WHERE delivery.id = $3
        """,
        made.answer.id,
        made.sms.id,
        made.delivery,
    )
    assert await fallback.go_on(tx, made.delivery) is None
    await tx.execute("DELETE FROM chat_mailed")
    assert await fallback.go_on(tx, made.delivery) is not None


async def test_a_late_delivered_and_a_resend_call_it_back(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await fail(tx, made.delivery, "sent")
    await fallback.go_on(tx, made.delivery, silent=True)
    token = CRYPTO.sign("bounce", made.delivery)
    told = [(made.sms.id, DeliveryReported(key="k", state="delivered", token=token))]
    known = await reports.look_up(tx, CRYPTO, told)
    await outcomes.tell(tx, await reports.write(tx, [reports.decide(known, *told[0])]))
    row = await after(tx, made.delivery)
    assert row is not None
    assert row["state"] == "canceled"
    assert "fallback_not_needed" in await verbs(tx, made.conversation)


async def test_an_agent_stops_it_while_it_is_held(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await fail(tx, made.delivery)
    going = await fallback.go_on(tx, made.delivery)
    assert going is not None
    with pytest.raises(NotFound):
        await fallback.stop(tx, made.delivery, world.ana)
    await fallback.stop(tx, going.id, world.ana)
    assert await fallback.go_on(tx, made.delivery) is None, "a person said no"
    with pytest.raises(Conflict):
        await fallback.stop(tx, going.id, world.ana)


async def test_after_the_customer_wrote_nothing_begins(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await said(tx, world, made.conversation, "¿Hola?", at=datetime.now(UTC) + timedelta(seconds=1))
    await fail(tx, made.delivery)
    assert await fallback.go_on(tx, made.delivery) is None


async def test_both_roads_leave_a_row_for_it(tx: Tx, world: World) -> None:
    """A failed send says what it learnt of the number; a sent one is looked at again when its report is late."""
    made = await crossing(tx, world, {"fallback": {"after_minutes": 30}})
    await tx.execute("UPDATE delivery SET state = 'sending', attempt = 1 WHERE id = $1", made.delivery)
    await _note(tx, Result(id=made.delivery, attempt=1, state="sent"))
    late = await tx.record("SELECT * FROM todo WHERE kind = 'no_report'")
    assert late is not None
    assert late["due_at"] - datetime.now(UTC) > timedelta(minutes=29)
    await tx.execute("UPDATE delivery SET state = 'sending' WHERE id = $1", made.delivery)
    dead = Result(
        id=made.delivery, attempt=1, state="failed", permanent=True, dead=True, reason="landline (30006)"
    )
    await _note(tx, dead)
    row = await tx.record("SELECT * FROM todo WHERE kind = 'undelivered'")
    assert row is not None
    await fallback.learn(tx, row["ref"], **row["payload"])
    assert await tx.value("SELECT why_not FROM address WHERE id = $1", made.phone) == "landline (30006)"


async def _note(tx: Tx, result: Result) -> None:
    await outcomes.tell(tx, await note(tx, await lock(tx, [result.id]), [result]))


async def test_two_workers_and_a_claim_meet_in_the_database(hub: Hub, world: World) -> None:
    """Two workers begin it at once; then the customer writes, or it arrives late, while it is about to leave."""
    async with hub.transaction() as tx:
        made = await crossing(tx, world, {"fallback": {"cancel_minutes": 0}})
        await fail(tx, made.delivery)
    await asyncio.gather(*(_again(hub, made) for _ in range(4)))
    assert await hub.pool.fetchval("SELECT count(*) FROM delivery") == 2
    inbound = Inbound(hub)
    await inbound.start()
    fact = MessageReceived(key="msg:SM1", sender=Party(NUMBER), text="¿Hola?", verified=True)
    wrote, left = await asyncio.gather(
        inbound.receive(made.sms, Raw(body=b"signed"), [fact]), _leave(hub, world)
    )
    await inbound.close()
    assert wrote.conversation_id == made.conversation
    state = await hub.pool.fetchval("SELECT state FROM delivery WHERE fallback_of = $1", made.delivery)
    assert state == ("claimed" if left else "canceled")
    assert await _leave(hub, world) == []


async def _again(hub: Hub, made: Crossing) -> None:
    async with hub.transaction() as tx:
        await fallback.go_on(tx, made.delivery)


async def _leave(hub: Hub, world: World) -> list[int]:
    async with hub.transaction() as tx:
        return [one.id for one in await claim(tx, "w", {world.mail.id: 5}, lease_seconds=60)]


failures = st.builds(
    Failure,
    state=st.sampled_from(ALL),
    purpose=st.sampled_from(["service", "marketing"]),
    role=st.sampled_from(["to", "cc"]),
    automatic=st.booleans(),
    silent=st.booleans(),
    choice=st.sampled_from(["", "on", "off"]),
    customer_wrote=st.booleans(),
    reached=st.booleans(),
    has_next=st.booleans(),
)


@given(failures, st.builds(Policy, on=st.booleans()))
def test_what_may_go_on_by_itself(failure: Failure, policy: Policy) -> None:
    if stays(failure, policy):
        return
    assert failure.state == "failed" or (failure.state == "sent" and failure.silent)
    assert (failure.purpose, failure.role, failure.automatic) == ("service", "to", False)
    assert not any((failure.customer_wrote, failure.reached, failure.has_next))
    assert failure.choice == "on" or (policy.on and failure.choice == "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["on", "after_minutes", "cancel_minutes", "to"]), x)
        ),
    )
)
def test_odd_settings_never_raise(said: Any) -> None:
    policy = policy_of({"fallback": said}, Capabilities(address_type="x", icon="x", colour="x"))
    assert policy.after_minutes == 0, "without reports silence says nothing"
    assert 0 <= policy.cancel_minutes <= 100_000
