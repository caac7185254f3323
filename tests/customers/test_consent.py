"""The ledger of wishes: stop ends, start gives back only what stop took, and erasure forgets no refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.facts import OptedIn, OptedOut, Party
from hub.customers import consent, suppression
from hub.customers.consent import Wish, decide, record, standing, write_down
from hub.deliveries.permission import No, Yes, may_send
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from tests.world import SECRET, World

MARTA = 1
SMS, OTHER = 7, 8
STOP = OptedOut(sender=Party("+34600111222"), word="BAJA")
START = OptedIn(sender=Party("+34600111222"), word="ALTA")


def agreed() -> Wish:
    return Wish(address_id=MARTA, purpose="marketing", granted=True, source="import")


def now(ledger: consent.Ledger, purpose: str, channel: int) -> bool | None:
    own = [one for one in ledger[MARTA] if one.purpose == purpose and one.channel_id in (None, channel)]
    return own[-1].granted if own else None


def test_stop_ends_that_channel_and_marketing_everywhere() -> None:
    ledger: consent.Ledger = {MARTA: [agreed()]}
    decide(ledger, MARTA, SMS, STOP)
    assert now(ledger, "service", SMS) is False
    assert now(ledger, "service", OTHER) is None, "a stop on one line says nothing of the other"
    assert now(ledger, "marketing", OTHER) is False
    assert {one.proof for one in ledger[MARTA][1:]} == {"BAJA"}


def test_a_yes_in_a_conversation_grants_nothing() -> None:
    assert decide({MARTA: []}, MARTA, SMS, START) == []
    assert decide({}, MARTA, SMS, START) == []


def test_start_gives_back_what_stop_took_and_no_more() -> None:
    never: consent.Ledger = {MARTA: []}
    decide(never, MARTA, SMS, STOP)
    decide(never, MARTA, SMS, START)
    assert (now(never, "service", SMS), now(never, "marketing", SMS)) == (True, False)
    before: consent.Ledger = {MARTA: [agreed()]}
    decide(before, MARTA, SMS, STOP)
    decide(before, MARTA, SMS, START)
    assert (now(before, "marketing", SMS), now(before, "marketing", OTHER)) == (True, False)


@given(st.lists(st.sampled_from([STOP, START]), max_size=8))
def test_the_last_word_counts_and_saying_it_twice_adds_nothing(words: list[OptedOut | OptedIn]) -> None:
    ledger: consent.Ledger = {MARTA: []}
    for word in words:
        decide(ledger, MARTA, SMS, word)
        assert decide(ledger, MARTA, SMS, word) == []
    if words and STOP in words:
        assert now(ledger, "service", SMS) is isinstance(words[-1], OptedIn)


async def test_a_stop_on_one_line_blocks_that_line_alone(tx: Tx, world: World) -> None:
    other = await tx.value(
        "INSERT INTO channel (key, kind, name) VALUES ('other', 'email', 'Other') RETURNING id"
    )
    ledger = await consent.look_up(tx, [world.marta_address])
    await record(tx, decide(ledger, world.marta_address, world.mail.id, STOP))
    here = await may_send(tx, world.marta_address, "service", channel_id=world.mail.id)
    assert isinstance(here, No)
    assert here.code == "opted_out"
    assert isinstance(await may_send(tx, world.marta_address, "service", channel_id=other), Yes)
    assert isinstance(await may_send(tx, world.marta_address, "marketing", channel_id=other), No)
    [service, marketing] = sorted(
        (await standing(tx, world.marta))[world.marta_address], key=lambda one: one.purpose, reverse=True
    )
    assert (service.channel_name, marketing.channel_name) == (world.mail.name, None)
    assert "BAJA" in consent.why(service)


async def test_an_agent_writes_a_wish_down_with_its_reason(tx: Tx, world: World) -> None:
    with pytest.raises(BadInput):
        await write_down(
            tx, world.marta, world.marta_address, "marketing", granted=True, reason=" ", agent_id=world.ana
        )
    with pytest.raises(NotFound):
        await write_down(
            tx, world.jorge, world.marta_address, "marketing", granted=True, reason="x", agent_id=world.ana
        )
    await write_down(
        tx,
        world.marta,
        world.marta_address,
        "marketing",
        granted=True,
        reason="Told me at the fair",
        agent_id=world.ana,
    )
    [one] = (await standing(tx, world.marta))[world.marta_address]
    assert (one.granted, one.agent_name, one.proof) == (True, "Ana", "Told me at the fair")
    assert isinstance(await may_send(tx, world.marta_address, "marketing"), Yes)


async def test_what_was_refused_outlives_the_rows_and_names_nobody(tx: Tx, world: World) -> None:
    crypto = Crypto(SECRET)
    ledger = await consent.look_up(tx, [world.jorge_address])
    await record(tx, decide(ledger, world.jorge_address, world.mail.id, STOP))
    assert await suppression.keep(tx, crypto, [world.jorge_address]) == 2
    kept = await tx.fetch("SELECT * FROM suppressed")
    assert "jorge" not in str(kept)
    await tx.execute("DELETE FROM address WHERE id = $1", world.jorge_address)
    again = await tx.value(
        "INSERT INTO address (type, value, contact_id) VALUES ('email', 'jorge@gmail.com', $1) RETURNING id",
        world.jorge,
    )
    await record(tx, [Wish(address_id=again, purpose="marketing", granted=True, source="import")])
    answer = await may_send(tx, again, "marketing")
    assert isinstance(answer, No), "not before it was compared with the list"
    assert await suppression.compare(tx, Crypto(SECRET, generation=2)) == 1, "also after a restore"
    assert isinstance(await may_send(tx, again, "marketing"), No)
    assert isinstance(await may_send(tx, again, "service", channel_id=world.mail.id), No)
    assert await suppression.compare(tx, crypto) == 0
