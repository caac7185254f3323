"""`hub channel`: add, list and really test a configured line."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hub.campaigns import preflight
from hub.campaigns.preflight_words import CHECK_NAMES
from hub.channels import asking, connecting, connections
from hub.channels.base import Tried
from hub.channels.connecting import Wanted
from hub.channels.matrix import matrix
from hub.channels.registry import ADAPTERS, adapter
from hub.channels.trying import try_line
from hub.cli.channel_sign_in import sign_in
from hub.cli.opened import with_hub
from hub.plumbing.dns import Resolver
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.group(help="The lines customers reach us on.")
def command() -> None:
    """The group; each command below opens the hub itself."""


@command.command("list", help="All channels with their health.")
def list_() -> None:
    """One row a channel."""

    async def read(hub: Hub) -> list[connections.Channel]:
        async with hub.transaction() as tx:
            return await connections.load_where(tx, "true")

    table = Table("id", _("kind"), _("name"), _("address"), _("on"), _("health"))
    for one in with_hub(read):
        health = f"{one.health} {one.health_text}".strip()
        table.add_row(str(one.id), one.kind, one.name, one.address, "✓" if one.enabled else "–", health)
    Console().print(table)


@command.command("matrix", help="What each kind can carry, as the table of docs/channels.md.")
def print_matrix() -> None:
    """Markdown on the output."""
    click.echo(matrix())


@command.command(help="What a kind asks: settings and secrets by name.")
@click.argument("kind", type=click.Choice(sorted(ADAPTERS)))
def fields(kind: str) -> None:
    """One row a field."""
    table = Table(_("name"), _("meaning"), _("values"))
    for one in asking.fields_of(adapter(kind)):
        means = " ".join(_(words) for words in (one.label, one.help) if words)
        values = ", ".join(key for key, _words in one.choices if key) or one.example or one.type
        needed = " *" if one.required else ""
        table.add_row(one.name + needed, means, _("secret") if one.secret else values)
    Console().print(table)


@command.command(
    help="Add a channel. Settings and secrets as name=value (`hub channel fields KIND`), as often as needed."
)
@click.argument("kind", type=click.Choice(sorted(ADAPTERS)))
@click.argument("address")
@click.option("--name", default="", help="What agents call it; the address when left out.")
@click.option("--also", multiple=True, help="Another address that reaches it.")
@click.option("--team", default="", help="The team whose queue it fills.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE")
@click.option("--secret", "secrets", multiple=True, metavar="NAME=VALUE", help="Stored encrypted.")
def add(
    kind: str,
    address: str,
    name: str,
    also: tuple[str, ...],
    team: str,
    settings: tuple[str, ...],
    secrets: tuple[str, ...],
) -> None:
    """Raises BadInput naming the option or the field."""

    async def make(hub: Hub) -> connections.Channel:
        async with hub.transaction() as tx:
            wanted = Wanted(
                name=name,
                address=address,
                also=also,
                team_id=await _team(tx, team),
                set={**dict(_pairs(settings, "--set")), **dict(_pairs(secrets, "--secret"))},
            )
            return await connecting.connect(tx, hub.crypto, kind, wanted)

    made = with_hub(make)
    click.echo(
        _(
            "Channel %(id)s added: %(name)s, reached at %(address)s",
            id=made.id,
            name=made.name,
            address=made.address,
        )
    )


@command.command(help="Try a channel for real: sign in where it sends and where it reads.")
@click.argument("channel_id", type=int)
def test(channel_id: int) -> None:
    """Exit code 1 when something does not work; the words say what and what to do."""

    async def try_(hub: Hub) -> list[Tried]:
        return await try_line(hub, channel_id)

    steps = with_hub(try_)
    for tried in steps:
        click.echo(
            f"{'✗' if tried.trouble else '✓'} {tried.step}{': ' + tried.trouble if tried.trouble else ''}"
        )
    if any(tried.trouble for tried in steps):
        raise SystemExit(1)


@command.command(
    "preflight", help="Are the addresses mail leaves from proven to be ours? Asks the name system."
)
@click.argument("channel_ids", type=int, nargs=-1)
def check_senders(channel_ids: tuple[int, ...]) -> None:
    """All lines, or those named. Exit code 1 when something would stop a campaign."""

    async def check(hub: Hub) -> list[preflight.Finding]:
        async with hub.transaction() as tx:
            found = await preflight.senders(tx, hub.settings.base_url, channel_ids)
        return await preflight.check(Resolver(hub.settings.dns), found)

    findings, last = with_hub(check), ""
    for one in findings:
        if one.address != last:
            click.echo(one.address)
        last = one.address
        mark = {"ok": "✓", "warning": "!", "blocking": "✗"}[one.severity]
        click.echo(f"  {mark} {_(CHECK_NAMES[one.check])}: {one.words}")
        if one.publish:
            click.echo(f"      {one.publish.name} {one.publish.type} {one.publish.value}")
    if preflight.blocks(findings):
        raise SystemExit(1)


command.add_command(sign_in)


async def _team(tx: Any, name: str) -> int | None:
    if not name:
        return None
    found: int | None = await tx.value("SELECT id FROM team WHERE name = $1", name)
    if found is None:
        raise BadInput(_("There is no team called %(name)s.", name=name), field="--team")
    return found


def _pairs(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    pairs = [value.partition("=") for value in values]
    for key, sign, value in pairs:
        if not sign or not key:
            raise BadInput(
                _("%(option)s %(value)s: write NAME=VALUE", option=option, value=key + value), field=option
            )
    return [(key, value) for key, _sign, value in pairs]
