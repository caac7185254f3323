"""Promise 25: a full disk loses nothing that was acknowledged; after freeing, all is present (mail's side)."""

from __future__ import annotations

import asyncio
import errno
import os
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from config.settings import Settings
from hub.plumbing import embedded
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from tests.fakes.dovecot import Dovecot
from tests.mailroom.rooms import connect, door, mail, reading, seen, subjects
from tests.mailroom.test_smtp_door import deliver
from tests.promises.attached_mail import attached_mail
from tests.waiting import until_equal
from tests.world import SECRET, World, build, find

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own size; skips the test where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    ballast = folder / "ballast"
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        take_everything(ballast)
    return ballast


def take_everything(ballast: Path) -> None:
    with ballast.open("wb") as file:
        while True:
            file.write(bytes(65_536))
            file.flush()


@needs_mount
async def test_promise_25_disk_full(hub: Hub, world: World, tmp_path: Path) -> None:
    """The disk of the attachments is full: 451 at the door, unread on the IMAP server; freed, all is present."""
    with Dovecot() as dovecot, small_disk(tmp_path / "small", 20) as disk:
        small = await Hub.open(msgspec.structs.replace(hub.settings, data=disk))
        await connect(hub, world.mail, dovecot)
        async with reading(small), door(small) as open_door:
            await asyncio.to_thread(deliver, open_door.port, attached_mail(1, os.urandom(100_000)))
            ballast = await asyncio.to_thread(fill, disk)
            with pytest.raises(smtplib.SMTPResponseException) as caught:
                await asyncio.to_thread(deliver, open_door.port, attached_mail(2, os.urandom(100_000)))
            assert caught.value.smtp_code == 451
            dovecot.append_many([attached_mail(3, os.urandom(100_000)), mail(4)])
            await asyncio.sleep(2)
            assert 1 not in await seen(dovecot)
            ballast.unlink()
            await until_equal(lambda: seen(dovecot), [1, 2])
            await asyncio.to_thread(deliver, open_door.port, attached_mail(2, os.urandom(100_000)))
        await small.close()
        rows = await hub.pool.fetch("SELECT file FROM attachment")
        assert len(rows) == 3
        assert all((disk / "files" / row["file"]).stat().st_size == 100_000 for row in rows)
    assert await hub.pool.fetchval("SELECT count(*) FROM message") == 4


@needs_mount
@pytest.mark.timeout(180)
async def test_the_databases_own_disk_is_full(tmp_path: Path) -> None:
    """PostgreSQL cannot write: nothing is acknowledged, nothing is marked; freed, it heals and all is present."""
    with Dovecot() as dovecot, small_disk(Path(f"/tmp/hub-disk-{os.getpid()}"), 220) as disk:
        disk.chmod(0o755)
        async with embedded.lent(Settings(data=disk, secret=SECRET)) as settings:
            await migrate(settings.database_url)
            hub = await Hub.open(msgspec.structs.replace(settings, data=tmp_path))
            async with hub.transaction() as tx:
                await build(tx)
                world = await find(tx)
            await connect(hub, world.mail, dovecot)
            async with reading(hub), door(hub) as open_door:
                accepted = await until_full(open_door.port, disk)
                dovecot.append(mail("in the mailbox"))
                await asyncio.sleep(3)
                assert await seen(dovecot) == []
                (disk / "ballast").unlink()
                await until_equal(lambda: seen(dovecot), [1], 90)
            stored = await subjects(hub)
            assert {f"Pedido {number}" for number in accepted} <= set(stored)
            assert "Pedido in the mailbox" in stored
            assert len(stored) == len(set(stored))
            await hub.close()


async def until_full(port: int, disk: Path) -> list[int]:
    """Mails are handed in on a disk that is filled up, until one is refused; the numbers that got their 250."""
    accepted: list[int] = []
    for number in range(2_000):
        if number == 5:
            await asyncio.to_thread(fill, disk)
        try:
            await asyncio.to_thread(deliver, port, mail(number, text="x" * 60_000))
        except smtplib.SMTPResponseException as error:
            if error.smtp_code not in (421, 451):
                raise
            return accepted
        accepted.append(number)
    raise AssertionError("the disk never filled up")
