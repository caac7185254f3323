"""`hub token create | list | revoke`: API tokens, shown once."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from hub.agents import people, tokens
from hub.cli.opened import with_hub
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.group()
def command() -> None:
    """Create, list and revoke API tokens."""


@command.command()
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
def create(email: str, name: str) -> None:
    """Make a token that acts as the agent EMAIL; prints it, and nothing else, this once."""

    async def work(hub: Hub) -> str:
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
            return await tokens.create(tx, agent.id, name)

    click.echo(with_hub(work))


@command.command("list")
def show() -> None:
    """List tokens, newest first; their texts are stored nowhere."""

    async def work(hub: Hub) -> list[tokens.Token]:
        async with hub.transaction() as tx:
            return await tokens.every(tx)

    table = Table("#", _("Name"), _("Acts as"), _("Made"), _("Last used"), _("State"), box=None)
    for one in with_hub(work):
        used = f"{one.used_at:%Y-%m-%d}" if one.used_at else ""
        state = _("Revoked") if one.revoked_at else ""
        table.add_row(str(one.id), one.name, one.agent, f"{one.created_at:%Y-%m-%d}", used, state)
    Console().print(table)


@command.command()
@click.argument("number", type=click.IntRange(min=1))
def revoke(number: int) -> None:
    """Make the token NUMBER of the list open nothing from now on."""

    async def work(hub: Hub) -> None:
        async with hub.transaction() as tx:
            await tokens.revoke(tx, number)

    with_hub(work)
    click.echo(_("Revoked."))
