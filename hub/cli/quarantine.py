"""`hub quarantine`: what could not be read, why, its raw bytes, and trying again."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from hub.channels import arrivals
from hub.cli.opened import with_hub
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.group(help="What could not be read: list it, see it raw, process it again.")
def command() -> None:
    """The group; each command below opens the hub itself."""


@command.command("list", help="The quarantine, newest first.")
@click.option("--most", default=50, type=click.IntRange(1, 1000), show_default=True)
def list_(most: int) -> None:
    """One row an arrival."""

    async def read(hub: Hub) -> list[arrivals.Kept]:
        async with hub.transaction() as tx:
            return await arrivals.listed(tx, "unreadable", most=most)

    table = Table("id", _("received"), _("channel"), _("bytes"), _("why"))
    for kept in with_hub(read):
        table.add_row(
            str(kept.id), f"{kept.received_at:%Y-%m-%d %H:%M}", kept.channel_name, str(kept.size), kept.reason
        )
    Console().print(table)


@command.command(help="The raw bytes of one arrival, to standard output.")
@click.argument("arrival_id", type=int)
def raw(arrival_id: int) -> None:
    """Raises NotFound."""

    async def read(hub: Hub) -> bytes:
        async with hub.transaction() as tx:
            kept = await arrivals.load(tx, arrival_id)
        return await hub.files.get(kept.raw_file) if kept.raw_file else kept.raw or b""

    sys.stdout.buffer.write(with_hub(read))


@command.command(help="Process arrivals again with today's parser: the named ones, or all in quarantine.")
@click.argument("arrival_ids", type=int, nargs=-1)
def retry(arrival_ids: tuple[int, ...]) -> None:
    """Prints what became of each."""

    async def again(hub: Hub) -> list[tuple[int, str, str]]:
        inbound = Inbound(hub)
        await inbound.start()
        async with hub.transaction() as tx:
            ids = arrival_ids or [kept.id for kept in await arrivals.listed(tx, "unreadable", most=1000)]
        outcomes = [(id_, await inbound.retry(id_)) for id_ in ids]
        await inbound.close()
        return [(id_, outcome.state, outcome.reason) for id_, outcome in outcomes]

    for id_, state, reason in with_hub(again):
        click.echo(f"{id_}: {state} {reason}".rstrip())
