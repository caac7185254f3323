"""`hub agent` and `hub token`: the terminal's way to the same verbs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from hub.cli import main
from tests.process import environ

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings) -> Run:
    """`run("agent", "list")` with this test's database."""
    env = environ(settings) | {"LANG": "en_GB.UTF-8", "LC_ALL": "en_GB.UTF-8", "COLUMNS": "160"}

    def run(*words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(main, words, env=env, input=input)

    return run


def test_somebody_is_added_listed_and_let_go(run: Run) -> None:
    result = run("agent", "add", "clara@dialogo.test", "--name", "Clara", "--role", "lead")
    assert result.exit_code == 0, result.output
    assert re.search(r"http://127\.0\.0\.1:8080/invitation/[\w-]{40,}", result.output)
    assert "clara@dialogo.test" in run("agent", "list").output
    assert run("agent", "deactivate", "clara@dialogo.test").exit_code == 0
    assert "clara@dialogo.test" not in run("agent", "list").output
    assert "Left" in run("agent", "list", "--all").output


def test_whoever_owns_accounts_leaves_only_with_a_successor(run: Run) -> None:
    result = run("agent", "deactivate", "ana@dialogo.test")
    assert (result.exit_code, "--to" in result.output) == (2, True)
    assert run("agent", "deactivate", "ana@dialogo.test", "--to", "luis@dialogo.test").exit_code == 0


def test_bad_input_is_one_line_and_exit_code_2(run: Run) -> None:
    for words in (
        ("agent", "add", "ana@dialogo.test", "--name", "Another"),
        ("agent", "add", "no address", "--name", "Clara"),
        ("agent", "password", "nobody@dialogo.test", "--link"),
        ("token", "create", "nobody@dialogo.test"),
        ("token", "revoke", "999"),
    ):
        result = run(*words)
        assert result.exit_code == 2, (words, result.output)
        assert result.output.strip().count("\n") == 0, result.output
    result = run("agent", "password", "ana@dialogo.test", input="short\n")
    assert (result.exit_code, "10" in result.output) == (2, True)


def test_a_password_is_set_from_a_pipe_and_never_printed(run: Run) -> None:
    result = run("agent", "password", "ana@dialogo.test", input="correct horse battery\n")
    assert result.exit_code == 0, result.output
    assert "horse" not in result.output


def test_a_token_is_printed_alone_and_once(run: Run) -> None:
    result = run("token", "create", "ana@dialogo.test", "--name", "Shop")
    assert re.fullmatch(r"hub_[\w-]{43}\n", result.stdout)
    listed = run("token", "list")
    assert "Shop" in listed.output
    assert result.stdout.strip() not in listed.output
    number = re.search(r"^\s*(\d+)\s+Shop", listed.output, re.M)
    assert number
    assert run("token", "revoke", number[1]).exit_code == 0
    assert "Revoked" in run("token", "list").output
