"""`hub import accounts|contacts|products|purchases|payments FILE.csv`: with a progress bar, and every bad row named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import click
from rich.progress import Progress

from hub.cli.opened import with_hub
from hub.customers import importing, importing_purchases
from hub.customers.importing import Imported
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

Import = Callable[..., Awaitable[Imported]]
CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(help="Bring customers, and what they bought and paid, in from CSV files.")
def command() -> None:
    """The group; each command below opens the hub itself."""


@command.command(help="Columns: " + ", ".join(importing.ACCOUNT_COLUMNS) + ". Owner and deputy by email.")
@click.argument("file", type=CSV)
def accounts(file: Path) -> None:
    """Exit code 2 when a row was wrong; the right ones are in."""
    _run(importing.import_accounts, file)


@command.command(
    help="Columns: " + ", ".join(importing.CONTACT_COLUMNS) + ". Account by external_id or name."
)
@click.argument("file", type=CSV)
def contacts(file: Path) -> None:
    """Exit code 2 when a row was wrong; the right ones are in."""
    _run(importing.import_contacts, file)


@command.command(help="Columns: " + ", ".join(importing_purchases.PRODUCT_COLUMNS) + ".")
@click.argument("file", type=CSV)
def products(file: Path) -> None:
    """Exit code 2 when a row was wrong; the right ones are in."""
    _run(importing_purchases.import_products, file)


@command.command(
    help="Columns: "
    + ", ".join(importing_purchases.PURCHASE_COLUMNS)
    + ". Contact by external_id, email or phone; account and product by external_id or name."
)
@click.argument("file", type=CSV)
def purchases(file: Path) -> None:
    """Exit code 2 when a row was wrong; the right ones are in."""
    _run(importing_purchases.import_purchases, file)


@command.command(
    help="Columns: "
    + ", ".join(importing_purchases.PAYMENT_COLUMNS)
    + ". Purchase by its external_id; without a day in paid it is still owed."
)
@click.argument("file", type=CSV)
def payments(file: Path) -> None:
    """Exit code 2 when a row was wrong; the right ones are in."""
    _run(importing_purchases.import_payments, file)


def _run(work: Import, file: Path) -> None:
    async def imported(hub: Hub) -> Imported:
        with Progress(transient=True) as bar:
            task = bar.add_task(_("Importing"), total=sum(1 for _line in file.open("rb")))
            return await work(hub, file, progress=lambda rows: bar.advance(task, rows))

    done = with_hub(imported)
    click.echo(_("%(n)s rows imported, %(wrong)s wrong", n=done.done, wrong=len(done.errors)))
    for error in done.errors:
        click.echo(
            _("row %(row)s, %(field)s: %(why)s", row=error.row, field=error.field or "-", why=error.message),
            err=True,
        )
    if done.errors:
        raise SystemExit(2)
