"""`hub routing`: check rules written as YAML, try them on what came, publish them, show those that count."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import NoReturn

import click

from config.settings import read
from hub.cli.opened import with_hub
from hub.plumbing import embedded
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _, language, ngettext
from hub.routing import explain, publishing, yaml_text
from hub.routing.cases import Decision
from hub.routing.engine import look_up
from hub.routing.problems import BadRules
from hub.routing.replay import Difference, Replay, load, replay
from hub.routing.rules import AnyRow, RuleSet
from hub.routing.yaml_text import MOST_CHARACTERS, Parsed

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(name="routing")
def command() -> None:
    """Who gets a conversation: check rules, try them, publish them."""


@command.command()
@FILE
@click.option("--offline", is_flag=True, help="Do not look whether the people, teams and channels exist.")
def check(file: Path, offline: bool) -> None:
    """Say whether FILE (YAML) can be published, else every mistake with line, row and field."""
    parsed = _parsed(file)
    rows = len(parsed.rows)
    if not offline:
        _checked_names(file, parsed)
    click.echo(ngettext("%(n)s row, all well", "%(n)s rows, all well", rows))


@command.command()
@click.option("--version", type=click.IntRange(min=0), help="An older version; 0 is the starter list.")
def show(version: int | None) -> None:
    """Print the rules that count now as YAML."""

    async def work(hub: Hub) -> RuleSet:
        async with hub.transaction() as tx:
            return await (publishing.current(tx) if version is None else publishing.of_version(tx, version))

    found = with_hub(work)
    click.echo(f"# {_('rules, version %(n)s', n=found.version)}")
    click.echo(yaml_text.written(found.rows), nl=False)


@command.command()
@FILE
@click.option("--note", default="", help="What changed and why, for the list of versions.")
def publish(file: Path, note: str) -> None:
    """Let the rules in FILE (YAML) count from now on."""
    parsed = _parsed(file)

    async def work(hub: Hub) -> RuleSet:
        async with hub.transaction() as tx:
            await publishing.with_ids(tx, parsed.rows, parsed.lines)
            return await publishing.publish(tx, parsed.rows, note=note)

    try:
        published = with_hub(work)
    except BadRules as error:
        _end(file, error)
    click.echo(_("version %(n)s counts from now on", n=published.version))


@command.command(name="replay")
@FILE
@click.option(
    "--last",
    default=200,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many of the newest cases to try.",
)
def replay_file(file: Path, last: int) -> None:
    """Show what the rules in FILE would have done otherwise with what came."""
    parsed = _parsed(file)
    try:
        done = with_hub(lambda hub: _replayed(hub, parsed, last))
    except BadRules as error:
        _end(file, error)
    for difference in done.differences:
        click.echo(_line(difference))
    click.echo(_("%(tried)s tried, %(n)s would change", tried=done.tried, n=len(done.differences)))


async def _replayed(hub: Hub, parsed: Parsed, last: int) -> Replay:
    async with hub.transaction() as tx:
        rows: tuple[AnyRow, ...] = await publishing.with_ids(tx, parsed.rows, parsed.lines)
        staff, published = await look_up(tx)
        pasts = await load(tx, last=last)
    return replay(RuleSet(version=published.version + 1, rows=rows), published, staff, pasts)


def _line(difference: Difference) -> str:
    case = difference.past.case
    head = f"#{difference.past.conversation_id} {difference.past.at:%Y-%m-%d %H:%M} {case.sender} «{case.subject[:60]}»"
    return f"{head}\n    {_told(difference.now)}\n  → {_told(difference.draft)}"


def _told(decision: Decision) -> str:
    labels = [f"+{tag}" for tag in decision.tags]
    labels += [decision.priority] if decision.priority else []
    labels += [_("automatic answer")] if decision.auto_reply else []
    said = explain.sentence(decision.reason, language())
    return f"{said} ({', '.join(labels)})" if labels else said


def _parsed(file: Path) -> Parsed:
    try:
        if file.stat().st_size > 4 * MOST_CHARACTERS:
            raise BadInput(_("write at most %(n)s characters", n=MOST_CHARACTERS), field=str(file))
        return yaml_text.parse(file.read_text("utf-8"))
    except BadRules as error:
        _end(file, error)
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: {_('this is not UTF-8 text')}") from error


def _checked_names(file: Path, parsed: Parsed) -> None:
    try:
        asyncio.run(_look_for_names(parsed))
    except BadRules as error:
        _end(file, error)
    except Unavailable as error:
        click.echo(_("names were not looked up: %(why)s", why=error.message), err=True)


async def _look_for_names(parsed: Parsed) -> None:
    """Only asks servers that run: a check starts nothing."""
    hub = await Hub.open(await embedded.found(read()), most_connections=1, name="dialogo command")
    try:
        async with hub.transaction() as tx:
            await publishing.with_ids(tx, parsed.rows, parsed.lines)
    finally:
        await hub.close()


def _end(file: Path, error: BadRules) -> NoReturn:
    for problem in error.problems:
        click.echo(f"{file}: {problem}", err=True)
    sys.exit(2)
