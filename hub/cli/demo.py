"""`hub demo`: load the demo company into an empty installation."""

from __future__ import annotations

import click

from hub.cli.opened import with_hub
from hub.operating import demo
from hub.plumbing.errors import Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.command(help="Load the demo company into an empty installation and print who can sign in.")
def command() -> None:
    """Raises Conflict when somebody works here already."""
    for line in with_hub(_load):
        click.echo(line)


async def _load(hub: Hub) -> list[str]:
    if await hub.pool.fetchval("SELECT EXISTS (SELECT FROM agent)"):
        raise Conflict(_("Somebody works here already: the demo goes into an empty installation only."))
    await demo.load(hub)
    return await demo.logins(hub)
