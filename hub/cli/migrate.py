"""`hub migrate`: bring the database up to date."""

from __future__ import annotations

import click

from config.settings import Settings
from hub.cli.opened import with_settings
from hub.plumbing.migrate import migrate
from hub.plumbing.texts import _


@click.command()
def command() -> None:
    """Run the migrations that have not run; says which."""
    ran = with_settings(_migrate)
    for name in ran:
        click.echo(name)
    if not ran:
        click.echo(_("The database is up to date"))


async def _migrate(settings: Settings) -> list[str]:
    return await migrate(settings.database_url)
