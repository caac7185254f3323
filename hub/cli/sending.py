"""`hub sending status | pause | resume`: does anything leave this house?"""

from __future__ import annotations

import click

from hub.cli.opened import with_hub
from hub.plumbing import pausing
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.group(help="Hold back everything that would leave, or let it go on.")
def command() -> None:
    """The group; each command below opens the hub itself."""


@command.command(help="Is sending paused, and since when?")
def status() -> None:
    """One line."""

    async def read(hub: Hub) -> pausing.Sending:
        async with hub.transaction() as tx:
            return await pausing.sending(tx)

    click.echo(worded(with_hub(read)))


@command.command(help="Nothing leaves any more; what comes in is stored, answers wait.")
def pause() -> None:
    """Twice is the same as once."""

    async def work(hub: Hub) -> bool:
        async with hub.transaction() as tx:
            return await pausing.pause(tx)

    click.echo(_("Sending is paused.") if with_hub(work) else _("Sending was paused already."))


@command.command(help="What waits leaves now.")
def resume() -> None:
    """Twice is the same as once."""

    async def work(hub: Hub) -> bool:
        async with hub.transaction() as tx:
            return await pausing.resume(tx)

    click.echo(_("Sending goes on.") if with_hub(work) else _("Sending was not paused."))


def worded(sending: pausing.Sending) -> str:
    """The state in one sentence."""
    if not sending.paused:
        return _("Sending is not paused.")
    if sending.since is None:
        return _("Sending is paused.")
    return _("Sending is paused since %(when)s.", when=f"{sending.since:%Y-%m-%d %H:%M} UTC")
