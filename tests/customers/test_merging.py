"""Two contacts become one person and two again: links, nothing copied, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from hub.channels.base import Raw
from hub.conversations.mixed import mixed
from hub.customers import contacts, erasures, merging
from hub.customers.card import card
from hub.customers.merging import merge, unmerge
from hub.intake import Inbound
from hub.plumbing.db import AGAIN
from hub.plumbing.errors import Conflict, NotFound
from hub.plumbing.hub import Hub
from tests.mails import mail
from tests.waiting import until
from tests.world import World

GUARD = "mx.dialogo.test"
PASS = f"Authentication-Results: {GUARD}; dmarc=pass header.from="
Arrive = Callable[[str, str], Awaitable[int | None]]


@pytest.fixture
async def arrive(hub: Hub, world: World) -> AsyncIterator[Arrive]:
    """`await arrive("marta@acme.test", subject)`: a mail whose From is proven; its conversation's id."""
    inbound = Inbound(hub)
    await inbound.start()
    line = msgspec.structs.replace(world.mail, settings={"authserv_id": GUARD})

    async def one(sender: str, subject: str) -> int | None:
        body = mail(f"Marta <{sender}>", subject, extra=PASS + sender.rpartition("@")[2])
        return (await inbound.receive(line, Raw(body=body))).conversation_id

    yield one
    await inbound.close()


async def waits_for_a_lock(hub: Hub) -> bool:
    """Whether somebody in this database waits for what another transaction holds."""
    return bool(
        await hub.pool.fetchval(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock')
            """
        )
    )


async def test_after_a_merge_both_addresses_are_one_matter(hub: Hub, world: World, arrive: Arrive) -> None:
    at_work = await arrive("marta@acme.test", "Pedido")
    assert await arrive("jorge@gmail.com", "Factura") != at_work
    async with hub.transaction() as tx:
        done = await merge(tx, world.jorge, world.marta, agent_id=world.ana)
    assert await arrive("jorge@gmail.com", "Pedido") == at_work, "her private address, the same matter"
    async with hub.transaction() as tx:
        await unmerge(tx, done.id, agent_id=world.ana)
        both = await mixed(tx, world.ana, done.members, done.into_id)
        assert [one.id for one in both] == [at_work]
        assert await mixed(tx, world.olga, done.members, done.into_id) == both, "Support is not restricted"
        await tx.execute("UPDATE conversation SET team_id = $1", world.legal)
        assert await mixed(tx, world.luis, done.members, done.into_id) == []
    assert await arrive("jorge@gmail.com", "Pedido") != at_work


async def test_a_mail_that_waits_for_the_merge_sees_it(hub: Hub, world: World, arrive: Arrive) -> None:
    """INVARIANTS §14: read by root, lock the root, read the root again after locking."""
    at_work = await arrive("marta@acme.test", "Pedido")
    async with hub.transaction() as tx:
        await merge(tx, world.jorge, world.marta, agent_id=world.ana)
        coming = asyncio.create_task(arrive("jorge@gmail.com", "Pedido"))
        await until(lambda: waits_for_a_lock(hub))
    assert await coming == at_work


async def test_one_person_is_found_shown_and_filled(tx, world: World) -> None:
    await tx.execute("UPDATE contact SET job_title = 'Compras', language = 'es' WHERE id = $1", world.marta)
    await tx.execute("UPDATE contact SET language = 'en' WHERE id = $1", world.jorge)
    await tx.execute(
        "INSERT INTO claim (contact_id, type, value, source) VALUES ($1, 'phone', '600', 'widget')",
        world.marta,
    )
    done = await merge(tx, world.marta, world.jorge, agent_id=world.ana)
    assert done.members == [world.marta]
    jorge = (await contacts.load(tx, world.marta)).contact
    assert (jorge.id, jorge.name, jorge.job_title, jorge.language) == (
        world.jorge,
        "Jorge Díaz",
        "Compras",
        "en",
    )
    assert (jorge.account_id, jorge.account_standing) == (world.acme, "confirmed")
    for text in ("Marta", "marta@acme", "Jorge", "jorge@gmail"):
        assert [one.contact.id for one in await contacts.listed(tx, text=text)] == [world.jorge], text
    shown = await card(tx, world.marta)
    assert shown is not None
    assert {one.value for one in shown.addresses} == {"marta@acme.test", "jorge@gmail.com"}

    await contacts.change(tx, world.jorge, agent_id=world.ana, job_title="Dirección")
    await unmerge(tx, done.id, agent_id=world.ana)
    marta, jorge = [(await contacts.load(tx, id_)).contact for id_ in (world.marta, world.jorge)]
    assert (marta.id, marta.job_title, marta.account_id) == (world.marta, "Compras", world.acme)
    assert (jorge.account_id, jorge.account_standing, jorge.language) == (None, "", "en")
    assert jorge.job_title == "Dirección", "what somebody wrote since stays"
    for text, id_ in (("marta@acme", world.marta), ("jorge@gmail", world.jorge)):
        assert [one.contact.id for one in await contacts.listed(tx, text=text)] == [id_], text
    verbs = await tx.fetch("SELECT verb FROM history WHERE contact_id = $1 ORDER BY id", world.jorge)
    assert [row["verb"] for row in verbs] == ["contacts_merged", "contact_changed", "contacts_unmerged"]


async def test_merges_are_undone_in_order(tx, world: World) -> None:
    pepe = (await contacts.create(tx, name="Pepe Gil")).contact.id
    first = await merge(tx, world.jorge, world.marta, agent_id=world.ana)
    second = await merge(tx, world.jorge, pepe, agent_id=world.ana)
    assert (second.contact_id, second.members) == (world.marta, sorted([world.marta, world.jorge]))
    with pytest.raises(Conflict, match="Marta Ruiz"):
        await unmerge(tx, first.id, agent_id=world.ana)
    with pytest.raises(Conflict):
        await merge(tx, world.jorge, pepe, agent_id=world.ana)
    await unmerge(tx, second.id, agent_id=world.ana)
    assert (await contacts.load(tx, world.jorge)).contact.id == world.marta
    await unmerge(tx, first.id, agent_id=world.ana)
    with pytest.raises(Conflict):
        await unmerge(tx, first.id, agent_id=world.ana)
    with pytest.raises(NotFound):
        await merging.standing(tx, world.jorge)
    with pytest.raises(NotFound):
        await merge(tx, world.jorge, 10**9, agent_id=world.ana)
    roots = await tx.fetch("SELECT id FROM contact WHERE root_id <> id")
    assert roots == []


async def test_two_agents_at_once_make_one_person_once(hub: Hub, world: World) -> None:
    async def one(contact: int, into: int) -> None:
        async with hub.transaction() as tx:
            await merge(tx, contact, into, agent_id=world.ana)

    done = await asyncio.gather(
        *(one(*pair) for pair in [(world.jorge, world.marta), (world.marta, world.jorge)] * 2),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Conflict", "Conflict", "NoneType"]
    assert await hub.pool.fetchval("SELECT count(DISTINCT root_id) FROM contact") == 1


async def test_whoever_is_being_erased_becomes_nobodys_part(hub: Hub, world: World) -> None:
    """A merge fills in what the other did not know: that would outlive the erasure."""
    async with hub.transaction() as tx:
        await contacts.change(tx, world.jorge, notes="His secret")
        await erasures.ask(tx, hub.crypto, world.jorge, agent_id=None)
    for one, into in ((world.jorge, world.marta), (world.marta, world.jorge)):
        with pytest.raises(Conflict):
            async with hub.transaction() as tx:
                await merge(tx, one, into, agent_id=world.ana)
    assert (await hub.pool.fetchval("SELECT notes FROM contact WHERE id = $1", world.marta)) == ""


async def test_what_waits_for_a_merge_writes_nothing(hub: Hub, world: World) -> None:
    """Asked again it is about the person they are now."""

    async def erase() -> None:
        async with hub.transaction() as tx:
            await erasures.ask(tx, hub.crypto, world.jorge, agent_id=None)

    async def change() -> None:
        async with hub.transaction() as tx:
            await contacts.change(tx, world.jorge, name="Somebody else")

    for work in (erase, change):
        async with hub.transaction() as tx:
            merged = await merge(tx, world.jorge, world.marta, agent_id=world.ana)
            waiting = asyncio.create_task(work())
            await until(lambda: waits_for_a_lock(hub))
        with pytest.raises(AGAIN):
            await waiting
        async with hub.transaction() as tx:
            await unmerge(tx, merged.id, agent_id=world.ana)
    assert await hub.pool.fetchval("SELECT count(*) FROM erasure") == 0
    assert await hub.pool.fetchval("SELECT count(*) FROM contact WHERE name = 'Somebody else'") == 0
