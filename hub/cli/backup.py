"""`hub backup FOLDER` and `hub restore FOLDER`: the whole house, its database and its files."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress, TaskID

from config.settings import Settings
from hub.cli.opened import with_hub, with_settings
from hub.operating import backup as backups
from hub.operating import restore as restores
from hub.operating.backup import About, Told
from hub.operating.restore import Restored
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.command(help="Write the database and all files into a new folder; nothing stops meanwhile.")
@FOLDER
def backup(folder: Path) -> None:
    """The folder appears only when it is whole."""

    async def work(hub: Hub) -> About:
        with Progress(transient=True) as bar:
            return await backups.take(hub, folder, _told(bar, bar.add_task(_("Backing up"), total=None)))

    about = with_hub(work)
    click.echo(
        _(
            "%(folder)s holds the house as of %(when)s UTC",
            folder=folder,
            when=f"{about.taken_at:%Y-%m-%d %H:%M}",
        )
    )


@click.command(help="Put a backup in the place of the database; stop everything first.")
@FOLDER
@click.confirmation_option(prompt="Replace the present database? It is kept under another name.")
def restore(folder: Path) -> None:
    """Nothing leaves afterwards until `hub sending resume`."""

    async def work(settings: Settings) -> Restored:
        with Progress(transient=True) as bar:
            return await restores.restore(
                settings, folder, _told(bar, bar.add_task(_("Restoring"), total=None))
            )

    done = with_settings(work)
    click.echo(_("The house is as of %(when)s UTC again.", when=f"{done.taken_at:%Y-%m-%d %H:%M}"))
    click.echo(_("What it was until now is kept in the database %(name)s.", name=done.before))
    click.echo(
        _(
            "Sending is paused. Perhaps sent since: %(messages)s. Campaigns waiting for a person: %(campaigns)s.",
            messages=done.doubtful,
            campaigns=done.halted,
        )
    )
    click.echo(_("Look at /unanswered, then: hub sending resume"))


def _told(bar: Progress, task: TaskID) -> Told:
    return lambda done, all_: bar.update(task, completed=done, total=all_)
