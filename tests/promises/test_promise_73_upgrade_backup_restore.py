"""Promise 73: a restored backup sends nothing again, and what came in since is fetched once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from config.settings import Settings
from hub import erasing
from hub.campaigns import campaigns, steps
from hub.campaigns.steps import Wanted
from hub.customers import contacts, erasures
from hub.operating import backup, generations
from hub.operating.restore import JUMP, Restored, restore
from hub.plumbing import pausing
from hub.plumbing.crypto import Crypto
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests import world as cast
from tests.deliveries import road
from tests.fakes.dovecot import Dovecot
from tests.fakes.faulty_smtp import FaultySmtp
from tests.fakes.servers import Servers
from tests.mailroom.rooms import mail, reading, subjects
from tests.waiting import until_equal
from tests.world import World
from workers.erasing import KINDS
from workers.todo import Chores

NAME = "house_73"


@pytest.fixture
async def house(servers: Servers, settings: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """A database of its own, because it is going to be replaced."""
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute(f"CREATE DATABASE {NAME}")
    url = servers.database(NAME)
    await migrate(url)
    data = tmp_path / "data"
    data.mkdir()
    yield msgspec.structs.replace(settings, data=data, database_url=url)
    for row in await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{NAME}%"):
        await connection.execute(f'DROP DATABASE "{row[0]}" WITH (FORCE)')
    await connection.close()


async def moved_in(hub: Hub, smtp: FaultySmtp, imap: Dovecot) -> World:
    """The cast, a line that reads one mailbox and sends through one server, and a campaign due just now."""
    async with hub.transaction() as tx:
        await cast.build(tx)
        world = await cast.find(tx)
        ways = {"smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_security": "none"}
        boxes = {
            "imap_host": "127.0.0.1",
            "imap_port": imap.port,
            "imap_security": "none",
            "imap_user": imap.user,
        }
        await tx.execute(
            "UPDATE channel SET settings = $2, secrets = $3 WHERE id = $1",
            world.mail.id,
            ways | boxes,
            hub.crypto.encrypt({"imap_password": imap.password}),
        )
        await tx.execute("UPDATE agent SET undo_seconds = 0")
        campaign = await campaigns.create(tx, "Spring", agent_id=world.mario)
        await steps.say(tx, campaign.id, Wanted(subject="Hi", text="Hello"), agent_id=world.mario)
        await tx.execute("UPDATE campaign SET state = 'running', started_at = now()")
        await tx.execute("UPDATE gate SET open = true")
        await tx.execute(
            """
            INSERT INTO recipient (campaign_id, contact_id, state, variant, text_version, address_id, address,
                                   channel_id, sender_id, due_at, time_zone)
            SELECT $1, a.contact_id, 'ready', 'a', 1, a.id, a.value, $2, $3, now(), 'Europe/Madrid'
            FROM address a WHERE a.value = 'jorge@gmail.com'
            """,
            campaign.id,
            world.mail.id,
            world.luis,
        )
    return world


async def lived_on(house: Settings, smtp: FaultySmtp, imap: Dovecot, folder: Path) -> int:
    """A day: one mail, an answer that waits, a backup, then the answer leaves and another mail comes; its delivery."""
    hub = await Hub.open(house)
    try:
        world = await moved_in(hub, smtp, imap)
        assert await generations.agree(hub)
        imap.append(mail(1))
        async with reading(hub):
            await until_equal(lambda: subjects(hub), ["Pedido 1"])
        matter = await hub.pool.fetchval("SELECT id FROM conversation")
        [delivery] = (await road.answer(hub, world, matter)).deliveries
        await hub.files.put(b"a signed contract")
        async with hub.transaction() as tx:
            leaving = (
                await contacts.create(tx, name="Olvido", addresses=[("email", "olvido@gmail.com")])
            ).contact
        taken = await backup.take(hub, folder)
        assert (taken.generation, taken.files) == (1, 1)
        with pytest.raises(Conflict):
            await backup.take(hub, folder)
        async with road.running(hub):
            await road.until_all(hub, "sent")
        async with hub.transaction() as tx:
            asked = await erasures.ask(tx, hub.crypto, leaving.id, agent_id=None)
        await erasing.work(hub, asked.id)
        await asyncio.to_thread(imap.append, mail(2))
        async with reading(hub):
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2"])
        with pytest.raises(Conflict, match="dialogo"):
            await restore(house, folder)
        return delivery.id
    finally:
        await hub.close()


async def test_promise_73_upgrade_backup_restore(house: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with FaultySmtp("") as smtp, Dovecot() as dovecot:
        delivery = await lived_on(house, smtp, dovecot, folder)
        before = smtp.copies()
        assert sum(before.values()) == 1
        with pytest.raises(BadInput):
            await restore(house, tmp_path)
        done = await restore(house, folder)
        assert (done.generation, done.files, done.doubtful, done.halted) == (2, 1, 2, 1)
        hub = await Hub.open(house)
        try:
            await _nothing_leaves_again(hub, delivery)
            async with hub.transaction() as tx:
                assert await pausing.resume(tx)
            await _nothing_leaves_again(hub, delivery)
            await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2"])
            newest = await hub.pool.fetchval("SELECT max(id) FROM message")
            assert newest > JUMP
            assert hub.crypto.verify("reply", _old_name(house, 1)) is None
            await _is_listed_for_a_person(hub)
            await _who_was_erased_goes_again(hub)
        finally:
            await hub.close()
        assert smtp.copies() == before
    await _can_be_undone(house, done)


async def _nothing_leaves_again(hub: Hub, delivery: int) -> None:
    """Workers and mailroom at work for a while: the answer of the backup stays in doubt."""
    assert await generations.agree(hub)
    async with road.running(hub), reading(hub):
        await until_equal(lambda: subjects(hub), ["Pedido 1", "Pedido 2"])
        await asyncio.sleep(0.5)
    row = await hub.pool.fetchrow("SELECT state, code FROM delivery WHERE id = $1", delivery)
    assert tuple(row) == ("unknown", "restored")


async def _is_listed_for_a_person(hub: Hub) -> None:
    """The campaign stands still and says why; whoever was due perhaps got theirs."""
    row = await hub.pool.fetchrow("SELECT state, why FROM campaign")
    assert row["state"] == "paused"
    assert "restored from a backup" in row["why"]
    held = await hub.pool.fetch(
        "SELECT d.state, r.state FROM recipient r JOIN delivery d ON d.recipient_id = r.id"
    )
    assert [tuple(one) for one in held] == [("unknown", "made")]


async def _can_be_undone(house: Settings, done: Restored) -> None:
    """What was replaced is still there, as it was."""
    connection = await asyncpg.connect(house.database_url.replace(f"/{NAME}?", f"/{done.before}?"))
    assert await connection.fetchval("SELECT count(*) FROM message WHERE direction = 'in'") == 2
    await connection.close()


async def _who_was_erased_goes_again(hub: Hub) -> None:
    """The backup brought them back; the file beside the data knows."""
    assert await hub.pool.fetchval("SELECT count(*) FROM contact WHERE name = 'Olvido'") == 1
    await Chores(hub, KINDS, most=1).turn()
    assert await hub.pool.fetchval("SELECT count(*) FROM contact WHERE name = 'Olvido'") == 0


def _old_name(house: Settings, generation: int) -> str:
    return Crypto(house.secret, generation).sign("reply", 1)


async def test_another_database_under_the_same_data_pauses_everything(hub: Hub) -> None:
    """Somebody restored by hand: the copy beside the data does not agree."""
    assert await generations.agree(hub)
    generations.remember(Path(hub.settings.data), 7)
    assert not await generations.agree(hub)
    async with hub.transaction() as tx:
        assert (await pausing.sending(tx)).paused
    assert await generations.agree(hub)
