"""The doctor says in plain words what is wrong and what to do, and fails only when something does not work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import msgspec
import pytest
from click.testing import CliRunner

from config.settings import Settings
from hub.cli import main
from hub.operating import doctor
from hub.operating.findings import Finding
from hub.plumbing.hub import Hub


async def found(settings: Settings) -> list[Finding]:
    return [finding async for finding in doctor.examine(settings)]


def worded(findings: list[Finding], level: str) -> str:
    return "\n".join(f"{one.what} {one.advice}" for one in findings if one.level == level)


@pytest.fixture
def quiet(settings: Settings) -> Settings:
    """The test's hub, at ports nobody listens on."""
    return msgspec.structs.replace(settings, port=9, smtp_port=0)


async def test_a_healthy_hub_has_no_errors(quiet: Settings, hub: Hub) -> None:
    findings = await found(quiet)
    assert worded(findings, "error") == ""
    fine = worded(findings, "ok")
    for word in (
        "Python 3",
        "is writable",
        "PostgreSQL 18",
        "Valkey",
        "unaccent",
        "up to date",
        "SMTP door is off",
    ):
        assert word in fine
    assert "Not running: mailroom, web, worker" in worded(findings, "warn")


async def test_a_paused_house_is_said_and_goes_on_by_command(
    quiet: Settings, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("DATABASE_URL", quiet.database_url),
        ("REDIS_URL", quiet.redis_url),
        ("HUB_DATA", str(quiet.data)),
        ("HUB_SECRET", quiet.secret),
        ("LC_ALL", "C"),
    ):
        monkeypatch.setenv(name, value)

    async def said(*arguments: str) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, main, ["sending", *arguments])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    assert await said("status") == "Sending is not paused."
    assert await said("pause") == "Sending is paused."
    assert await said("pause") == "Sending was paused already."
    assert (await said("status")).startswith("Sending is paused since 2")
    assert "hub sending resume" in worded(await found(quiet), "warn")
    assert await said("resume") == "Sending goes on."
    assert await said("resume") == "Sending was not paused."
    assert "Sending is not paused" in worded(await found(quiet), "ok")


async def test_a_process_that_holds_connections_counts_as_running(quiet: Settings) -> None:
    assert not await doctor.alive(quiet, "worker")
    worker = await Hub.open(quiet, name="dialogo worker")
    assert await doctor.alive(quiet, "worker")
    assert "Not running: mailroom, web " in worded(await found(quiet), "warn")
    await worker.close()


async def test_without_servers_it_says_how_to_start_them(tmp_path: Path) -> None:
    findings = await found(Settings(data=tmp_path, port=9, smtp_port=9))
    broken = worded(findings, "error")
    assert "The embedded PostgreSQL does not run" in broken
    assert "hub up" in broken
    assert "Redis at the local socket does not answer" in broken
    assert "Nobody answers on the SMTP door, port 9" in worded(findings, "warn")


async def test_a_wrong_password_is_said_without_the_password(quiet: Settings) -> None:
    wrong = msgspec.structs.replace(quiet, database_url="postgresql://hub:v3ry-secret@127.0.0.1:9/dialogo")
    broken = worded(await found(wrong), "error")
    assert "PostgreSQL at 127.0.0.1 does not take us" in broken
    assert "DATABASE_URL" in broken
    assert "v3ry-secret" not in broken


async def test_a_database_that_never_migrated_is_an_error_and_stays_untouched(
    quiet: Settings, servers: object, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(quiet.database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert "migrations have not run: 0001_plumbing.sql" in worded(await found(quiet), "error")
    assert await connection.fetchval("SELECT to_regclass('migration')") is None
    await connection.close()


async def test_failing_channels_late_work_and_doubtful_messages_are_named(quiet: Settings, hub: Hub) -> None:
    await hub.pool.execute(
        """
        INSERT INTO channel (key, kind, name, health, health_text)
        VALUES ('sick', 'email', 'Sales mail', 'failing', '535 wrong password')
        """
    )
    await hub.pool.execute(
        "INSERT INTO todo (kind, due_at, error) VALUES ('search', now() - interval '9 minutes', 'disk full')"
    )
    findings = await found(quiet)
    assert "Channel «Sales mail» fails: 535 wrong password" in worded(findings, "error")
    assert "1 thing to do is late, up to 9 minutes. search: disk full" in worded(findings, "warn")


async def test_a_data_folder_we_may_not_write_is_an_error(quiet: Settings) -> None:
    gone = msgspec.structs.replace(quiet, data=Path("/proc/nowhere"))
    assert "The data folder /proc/nowhere is not writable" in worded(await found(gone), "error")


def test_the_command_exits_1_on_an_error_and_counts(tmp_path: Path) -> None:
    environ = {"HUB_DATA": str(tmp_path), "HUB_PORT": "9", "HUB_SMTP_PORT": "0", "LC_ALL": "C"}
    environ |= {"DATABASE_URL": "", "REDIS_URL": "", "HUB_SECRET": ""}
    result = CliRunner().invoke(main, ["doctor"], env=environ)
    assert result.exit_code == 1
    assert "ERROR  The embedded PostgreSQL does not run" in result.output
    assert "2 errors, " in result.output
    (tmp_path / "secret").chmod(0o644)
    assert "chmod 600" in CliRunner().invoke(main, ["doctor"], env=environ).output


async def test_what_was_given_up_is_said(quiet: Settings, hub: Hub) -> None:
    await hub.pool.execute("INSERT INTO todo (kind, error, due_at) VALUES ('media', 'HTTP 404', 'infinity')")
    assert "1 thing was given up after many tries. media: HTTP 404" in worded(await found(quiet), "warn")
