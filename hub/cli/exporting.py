"""`hub export accounts|contacts|conversations FILE.csv`: everything, with a progress bar."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress

from hub.cli.opened import with_hub
from hub.conversations.exporting import CONVERSATIONS
from hub.customers.exporting import ACCOUNTS, CONTACTS
from hub.plumbing import sheets
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

SHEETS = {"accounts": ACCOUNTS, "contacts": CONTACTS, "conversations": CONVERSATIONS}


@click.command(help="Write all accounts, contacts or conversations to a CSV file.")
@click.argument("what", type=click.Choice(list(SHEETS)))
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(what: str, file: Path, force: bool) -> None:
    """Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    if file.exists() and not force:
        raise click.UsageError(_("%(file)s is there already: use another name, or --force.", file=file))

    async def work(hub: Hub) -> int:
        async with hub.transaction() as tx:
            total = await SHEETS[what].count(tx)
        with Progress(transient=True) as bar:
            task = bar.add_task(_("Exporting"), total=total)
            return await sheets.write(hub, SHEETS[what], file, progress=lambda rows: bar.advance(task, rows))

    click.echo(_("%(n)s rows written to %(file)s", n=with_hub(work), file=file))
