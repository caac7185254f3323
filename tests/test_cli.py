"""The hub command: quick help, one clear line for what is wrong, no secret in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextvars import copy_context
from pathlib import Path

import asyncpg
import click
import pytest
from click.testing import CliRunner

from config.settings import Settings
from hub.cli import COMMANDS, Commands, main

ROOT = Path(__file__).parents[1]


def hub(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "LC_ALL": "C", **environ},
    )


def test_help_lists_the_commands_without_loading_them() -> None:
    tried = (
        "import sys; from hub.cli import main; main(['--help'], standalone_mode=False); print(sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", tried], cwd=ROOT, capture_output=True, text=True).stdout
    for name in ("up", "web", "worker", "mailroom", "doctor"):
        assert f"  {name} " in said
    assert "'asyncpg'" not in said
    assert "'aiohttp'" not in said


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"HUB_PORT": "eighty"}, "hub: HUB_PORT='eighty': use a whole number"),
        ({"HUB_PORT": "70000"}, "hub: HUB_PORT=70000: use a port from 1 to 65535"),
        ({"HUB_LOG": "loud"}, "hub: HUB_LOG='loud': use one of debug, info, warning, error"),
        ({"HUB_SECRET": "short"}, "hub: HUB_SECRET is shorter than 32 characters: use a longer random one"),
        ({"HUB_DNS": "dns"}, "hub: HUB_DNS='dns': use an address such as 9.9.9.9 or 127.0.0.1:5353"),
        ({"DATABASE_URL": "mysql://x"}, "hub: DATABASE_URL: use postgresql://user:password@host:port/name"),
        ({"HUB_DATA": "/proc/nowhere"}, "hub: HUB_DATA='/proc/nowhere': cannot write there"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    environ: dict[str, str], line: str, tmp_path: Path
) -> None:
    for command in ("up", "web"):
        environ = {"LC_ALL": "C", "HUB_DATA": str(tmp_path), "HUB_SECRET": "", **environ}
        # In a context of its own: a command speaks the terminal's language from then on.
        tried = copy_context().run(CliRunner().invoke, main, [command], env=environ)
        stopped_by_one_line(tried.exit_code, tried.stdout, tried.stderr, line)


def test_what_only_the_web_process_can_judge_stops_hub_up_as_well(tmp_path: Path) -> None:
    tried = hub("up", HUB_DATA=str(tmp_path), HUB_SECRET="", HUB_TRUSTED_PROXIES="the proxy")
    stopped_by_one_line(tried.returncode, tried.stdout, tried.stderr, "hub: HUB_TRUSTED_PROXIES: ")


def stopped_by_one_line(code: int, said: str, wrong: str, line: str) -> None:
    assert code == 2
    assert wrong.startswith(line)
    assert wrong.count("\n") == 1
    assert "PostgreSQL" not in said, "nothing was started"


def test_an_unreachable_database_is_one_line_without_its_password(tmp_path: Path) -> None:
    @click.command()
    def fails() -> None:
        raise asyncpg.InvalidPasswordError("password of postgresql://hub:v3ry-secret@db/dialogo is wrong")

    @click.command()
    def breaks() -> None:
        raise ZeroDivisionError("token=v3ry-secret")

    class Failing(Commands):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return {"fails": fails, "breaks": breaks}[cmd_name]

    group = Failing()
    result = CliRunner().invoke(group, ["fails"])
    assert result.exit_code == 2
    assert result.output.startswith("hub: the database refuses (password of postgresql://hub:***@db")
    result = CliRunner().invoke(group, ["breaks"])
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.output
    assert "v3ry-secret" not in result.output


def test_a_taken_port_is_named_with_what_to_do(settings: Settings) -> None:
    """`hub web` and `hub mailroom` alone, as containers run them."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command, variable in (("web", "HUB_PORT"), ("mailroom", "HUB_SMTP_PORT")):
            tried = hub(
                command,
                DATABASE_URL=settings.database_url,
                REDIS_URL=settings.redis_url,
                HUB_DATA=str(settings.data),
                HUB_SECRET=settings.secret,
                **{variable: port},
            )
            assert tried.returncode == 2
            assert tried.stderr.splitlines()[-1] == (
                f"hub: {variable}={port}: cannot listen on 127.0.0.1:{port} (Address already in use): "
                f"stop what listens there, or set {variable} to a free port"
            )


def test_an_unknown_command_is_bad_input() -> None:
    assert hub("fly").returncode == 2


def test_migrate_starts_the_embedded_database_for_itself_and_says_what_ran(tmp_path: Path) -> None:
    own = {"HUB_DATA": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "", "HUB_SECRET": ""}
    first = hub("migrate", **own)
    assert first.stdout.startswith("0001_plumbing.sql\n"), first.stderr
    assert hub("migrate", **own).stdout == "The database is up to date\n"
