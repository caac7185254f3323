"""`hub contact export | erase | erasures`: a person who asks to be forgotten, and the statements of those who were."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from hub import erasing as road
from hub.cli.opened import with_hub
from hub.customers import erasures
from hub.customers.erasures import Erasure
from hub.insight import erasing, held
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _


@click.group()
def command() -> None:
    """Hand out what is held about a person, erase them, list who was erased."""


@command.command()
@click.argument("contact_id", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Do not ask for the number again.")
def erase(contact_id: int, yes: bool) -> None:
    """Erase the person CONTACT_ID for good, with all merged into them; prints the statement."""

    async def look(hub: Hub) -> erasing.Foreseen:
        async with hub.transaction() as tx:
            return await erasing.foresee(tx, contact_id)

    async def work(hub: Hub) -> Erasure:
        async with hub.transaction() as tx:
            asked = await erasures.ask(tx, hub.crypto, contact_id, agent_id=None)
        return await road.work(hub, asked.id)

    foreseen = with_hub(look)
    click.echo(f"{foreseen.name or _('(no name)')} #{foreseen.contact_id}")
    _list(foreseen.counts)
    if n := foreseen.elsewhere:
        click.echo(
            _(
                "Their whole name stands in %(n)s messages of other people's conversations. Those stay: read them.",
                n=f"{n}+" if n >= erasing.MOST else n,
            )
        )
    if not yes:
        asked = _("Type %(number)s to erase them for good", number=foreseen.contact_id)
        erasures.confirmed(click.prompt(asked), foreseen.contact_id)
    done = with_hub(work)
    click.echo(_("Erased (statement %(number)s):", number=done.id))
    _list(done.counts)
    if done.done_at is None:
        click.echo(_("Some files came within the hour: a worker deletes them when it is over."))


def _list(counts: dict[str, int]) -> None:
    for words, n in erasures.words(counts):
        click.echo(f"  {n:>8}  {words}")


@command.command("export")
@click.argument("contact_id", type=click.IntRange(min=1))
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def hand_out(contact_id: int, file: Path) -> None:
    """Write everything that is held about the person CONTACT_ID to FILE, as JSON; files by name."""

    async def work(hub: Hub) -> bytes:
        async with hub.transaction() as tx:
            return await held.written(tx, contact_id)

    file.write_bytes(with_hub(work))
    click.echo(_("Written to %(file)s", file=file))


@command.command("erasures")
def show() -> None:
    """List erasures, newest first: numbers, never who it was."""

    async def work(hub: Hub) -> list[Erasure]:
        async with hub.transaction() as tx:
            return await erasures.listed(tx, most=200)

    table = Table("#", _("Contact"), _("When"), _("By"), _("State"), box=None)
    for one in with_hub(work):
        state = _("Done") if one.done_at else _("Files still go") if one.gone_at else _("Under way")
        asked = f"{one.asked_at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), str(one.contact_id), asked, one.agent_name or _("Dialogo"), state)
    Console().print(table)
