"""The embedded PostgreSQL and Valkey come back from every kill -9, have one supervisor, leave no orphan."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from config.settings import Settings
from hub.plumbing import embedded
from hub.plumbing.embedded import processes
from hub.plumbing.embedded.children import Children
from hub.plumbing.embedded.kept import Kept, Server
from hub.plumbing.embedded.place import LONGEST_FOLDER, socket_folder
from hub.plumbing.embedded.postgres import Postgres
from hub.plumbing.embedded.valkey import Valkey
from hub.plumbing.errors import HubError, Unavailable
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))])
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from config.settings import Settings
from hub.plumbing import embedded

async def main():
    async with embedded.lent(Settings(data=Path(sys.argv[1]))):
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
pytestmark = pytest.mark.timeout(300)
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def data() -> Iterator[Path]:
    """A HUB_DATA whose path is short enough for a socket of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hub-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster as a first start makes it; the tests whose subject is not the first start copy it."""
    folder = tmp_path_factory.mktemp("cluster")
    asyncio.run(Postgres(folder).command())
    return folder / "postgres"


@pytest.fixture
def made(data: Path, cluster: Path) -> Path:
    """A HUB_DATA that was started before."""
    shutil.copytree(cluster, data / "postgres", symlinks=True)
    return data


@asynccontextmanager
async def running(data: Path, said: list[str] | None = None) -> AsyncIterator[Settings]:
    """Both servers, watched by this process."""
    async with embedded.lent(Settings(data=data), (said if said is not None else []).append) as settings:
        yield settings


async def ask(settings: Settings, sql: str) -> object:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def ping(settings: Settings) -> bool:
    async with Redis.from_url(settings.redis_url) as redis:
        return bool(await redis.ping())


def postmaster(data: Path) -> int:
    return processes.left_behind(data / "postgres" / "postmaster.pid", data / "postgres")


def valkey(data: Path) -> int:
    return processes.left_behind(data / "valkey" / "valkey.pid", data / "valkey")


def user_of(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


def supervisor(data: Path, *command: str) -> subprocess.Popen[str]:
    """Another process that runs the servers."""
    process = subprocess.Popen(
        [*(command or (sys.executable,)), "-c", SUPERVISOR, str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PACKAGES},
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


async def test_first_start_makes_a_utf8_database_with_our_extensions(data: Path) -> None:
    async with running(data) as settings:
        assert str(await ask(settings, "SHOW server_version")).startswith("18")
        assert await ask(settings, "SHOW server_encoding") == "UTF8"
        assert await ask(settings, "SELECT lower('ÁÑÇ')") == "áñç"
        assert await ask(settings, "SHOW fsync") == "on"
        await ask(settings, "CREATE EXTENSION unaccent")
        await ask(settings, "CREATE EXTENSION pg_trgm")
        assert await ask(settings, "SELECT unaccent('Núñez')") == "Nunez"
        assert await ping(settings)
    assert not postmaster(data)
    assert not valkey(data)


async def test_what_was_written_is_there_after_a_stop(made: Path) -> None:
    async with running(made) as settings:
        await ask(settings, "CREATE TABLE kept AS SELECT 48213 AS order_number")
    async with running(made) as settings:
        assert await ask(settings, "SELECT order_number FROM kept") == 48213


async def test_a_killed_postmaster_is_back_with_what_was_committed(made: Path) -> None:
    said: list[str] = []
    async with running(made, said) as settings:
        await ask(settings, "CREATE TABLE kept AS SELECT 1")
        killed = postmaster(made)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: postmaster(made) not in (0, killed))
        await until_answers(Postgres(made))
        assert await ask(settings, "SELECT count(*) FROM kept") == 1
    assert "PostgreSQL ended (killed by SIGKILL)" in said[0]


async def test_a_killed_valkey_is_back(made: Path) -> None:
    said: list[str] = []
    async with running(made, said) as settings:
        killed = valkey(made)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: valkey(made) not in (0, killed))
        await until_answers(Valkey(made))
        assert await ping(settings)
    assert "Valkey ended (killed by SIGKILL)" in said[0]


async def test_a_killed_supervisor_leaves_no_orphan(made: Path) -> None:
    killed = await asyncio.to_thread(supervisor, made)
    assert postmaster(made)
    assert valkey(made)
    killed.kill()
    killed.wait()
    await until(lambda: not postmaster(made) and not valkey(made))


async def test_the_next_supervisor_starts_at_once_after_a_kill(made: Path) -> None:
    killed = await asyncio.to_thread(supervisor, made)
    killed.kill()
    killed.wait()
    async with running(made) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert await ping(settings)


async def test_a_server_without_supervisor_is_ended_and_started_again(made: Path) -> None:
    """Where the kernel has no death signal, a kill -9 leaves the server; nobody holds its lock."""
    async with running(made):
        pass
    server = Postgres(made)
    argv = (await server.command()).argv
    user = ["unshare", "--user"] if os.getuid() == 0 else []
    orphan = await asyncio.create_subprocess_exec(*user, *argv, stderr=asyncio.subprocess.DEVNULL)
    while not await server.answers():
        await asyncio.sleep(0.05)
    async with running(made) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert await asyncio.wait_for(orphan.wait(), 10) == 0, "ended properly, not killed"
        assert postmaster(made) != orphan.pid


async def test_a_running_server_is_adopted_and_left_running(made: Path) -> None:
    other = await asyncio.to_thread(supervisor, made)
    theirs = postmaster(made)
    async with running(made) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert postmaster(made) == theirs
    assert postmaster(made) == theirs, "what another process runs is not ours to stop"
    other.terminate()
    other.wait()


async def test_an_adopted_server_is_taken_over_when_its_supervisor_dies(made: Path) -> None:
    other = await asyncio.to_thread(supervisor, made)
    theirs = postmaster(made)
    async with running(made) as settings:
        other.kill()
        other.wait()
        await until(lambda: postmaster(made) not in (0, theirs))
        await until_answers(Postgres(made))
        assert await ask(settings, "SELECT 1") == 1


async def test_a_pid_file_that_points_to_somebody_else_stops_nothing(made: Path) -> None:
    async with running(made):
        pass
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    (made / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{made}/postgres\n0\n5432\n")
    async with running(made) as settings:
        assert await ask(settings, "SELECT 1") == 1
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_a_half_made_cluster_is_made_anew(data: Path) -> None:
    (data / "postgres.new" / "base").mkdir(parents=True)
    async with running(data) as settings:
        assert await ask(settings, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["with spaces, commas & ñ", "long" * 30])
async def test_odd_and_long_paths_work(data: Path, name: str) -> None:
    odd = data / name
    async with running(odd) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert await ping(settings)
        found = await embedded.found(Settings(data=odd))
        assert await ask(found, "SELECT 1") == 1
    folder = socket_folder(odd)
    assert len(os.fsencode(folder)) <= LONGEST_FOLDER
    folder.rmdir()


def test_a_socket_folder_somebody_else_made_is_refused(data: Path) -> None:
    odd = data / ("long" * 30)
    folder = socket_folder(odd)
    folder.rmdir()
    folder.symlink_to("/")
    with pytest.raises(HubError, match="is not ours"):
        socket_folder(odd)
    folder.unlink()


async def test_data_of_another_postgres_is_left_alone(data: Path) -> None:
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(HubError, match="holds PostgreSQL 16 data, this is 18"):
        async with running(data):
            pass


async def test_a_single_process_starts_nothing_and_says_what_to_do(data: Path) -> None:
    with pytest.raises(Unavailable, match=r"PostgreSQL does not run in .*hub up.*DATABASE_URL"):
        await embedded.found(Settings(data=data))
    assert not (data / "postgres").exists()


@needs_root
async def test_root_runs_it_without_being_root(data: Path) -> None:
    async with running(data) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert os.readlink(f"/proc/{postmaster(data)}/ns/user") != os.readlink("/proc/self/ns/user")


@needs_root
async def test_root_hands_it_to_nobody_where_namespaces_are_forbidden(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forbidden() -> bool:
        return False

    if not python_for(("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")):
        pytest.xfail("the checkout lies below a folder that nobody may not enter")
    monkeypatch.setattr("hub.plumbing.embedded.identity._namespace_allowed", forbidden)
    below_a_private_folder = data / "only root enters" / "data"
    below_a_private_folder.parent.mkdir(mode=0o700)
    async with running(below_a_private_folder) as settings:
        assert await ask(settings, "SELECT 1") == 1
        assert user_of(postmaster(below_a_private_folder)) == 65534
    monkeypatch.undo()
    async with running(below_a_private_folder) as settings:  # and stays theirs
        assert user_of(postmaster(below_a_private_folder)) == 65534
    socket_folder(below_a_private_folder).rmdir()


@needs_root
async def test_a_normal_user_runs_it_and_root_may_follow(data: Path) -> None:
    as_nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    python = python_for(as_nobody)
    if not python:
        pytest.xfail("the checkout lies below a folder that nobody may not enter")
    os.chown(data, 65534, 65534)
    mine = data / "mine"
    process = await asyncio.to_thread(supervisor, mine, *as_nobody, python)
    assert user_of(postmaster(mine)) == 65534
    process.terminate()
    process.wait()
    await until(lambda: not postmaster(mine))
    async with running(mine) as settings:
        assert await ask(settings, "SELECT 1") == 1


async def test_a_child_that_keeps_dying_is_reported_with_its_last_words(data: Path) -> None:
    said: list[str] = []
    children = Children(said.append)
    kept = Kept(Valkey(data), children)
    await kept.start()
    assert kept.child
    log = data / "log" / "valkey.log"
    for _number in range(3):
        await until(lambda: kept.child and kept.child.alive and valkey(data))
        log.write_text("Out of memory allocating 16 bytes!\n")
        os.kill(kept.child.pid, signal.SIGKILL)
        await until(lambda: kept.child and not kept.child.alive)
    await until(lambda: len(said) == 3)
    assert "Valkey keeps dying" in said[2]
    assert "Out of memory" in said[2]
    assert str(log) in said[2]
    await children.stop()
    kept.release()


def python_for(user: tuple[str, ...]) -> str:
    """A Python this user may run and which has our packages: ours may lie below root's home."""

    for python in (sys.executable, "/usr/bin/python3"):
        trial = [*user, python, "-c", "import os, sys, asyncpg; os.execv(sys.executable, ['python', '-V'])"]
        if (
            subprocess.run(trial, env={**os.environ, "PYTHONPATH": PACKAGES}, capture_output=True).returncode
            == 0
        ):
            return python
    return ""


async def until_answers(server: Server) -> None:
    while not await server.answers():
        await asyncio.sleep(0.05)
