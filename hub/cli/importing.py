"""`hub import accounts|contacts|products|purchases|payments|list FILE.csv`: every bad row is named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
from rich.progress import Progress

from hub.campaigns import list_importing, lists
from hub.campaigns.list_columns import WORDS, Plan, guess
from hub.campaigns.list_importing import Importing
from hub.campaigns.list_rows import Taken
from hub.campaigns.list_trying import dry_run
from hub.cli.opened import with_hub
from hub.customers import importing, importing_files, importing_purchases
from hub.customers.importing import Imported, RowError
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

Import = Callable[..., Awaitable[Imported]]
LOOK_SECONDS = 1.0
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


@command.command(
    "list",
    help="A list of people for campaigns. Headings in Spanish or English are guessed; other columns stay with it.",
)
@click.argument("file", type=CSV)
@click.option("--name", required=True, help="Of the list; one of this name grows.")
@click.option("--proof", default="", help="How you know that they want campaigns.")
@click.option("--everybody", is_flag=True, help="All of them want campaigns; without it a column says so.")
@click.option("--dry-run", "only_try", is_flag=True, help="Only say what would happen.")
def list_(file: Path, name: str, proof: str, everybody: bool, only_try: bool) -> None:
    """Exit code 2 when a row was wrong; the right ones are in. Large files are a worker's: Ctrl-C stops looking."""

    async def taken(hub: Hub) -> Taken | Importing:
        columns = guess(importing_files.sheet(file)[0]).columns
        click.echo(", ".join(f"{heading} → {_(WORDS[meaning])}" for heading, meaning in columns.items()))
        plan = Plan(columns=columns, everybody=everybody, proof=proof)
        if only_try:
            return await dry_run(
                hub, file, plan, most=list_importing.MOST_ROWS, most_bytes=importing.MOST_BYTES
            )
        async with hub.transaction() as tx:
            list_id = await lists.named(tx, name)
        with Progress(transient=True) as bar:
            if lists.is_large(file):
                begun = await list_importing.begin(hub, list_id, file, plan, name=file.name)
                return await _followed(hub, begun, bar)
            task = bar.add_task(_("Importing"), total=_lines(file))
            return await lists.take_in(
                hub, list_id, file, plan, progress=lambda rows: bar.advance(task, rows)
            )

    done = with_hub(taken)
    words = _(
        "%(n)s rows, %(new)s new people; %(agreed)s addresses newly want campaigns, %(out)s said no and stay out"
    )
    click.echo(words % {"n": done.done, "new": done.new, "agreed": done.agreed, "out": done.kept_out})
    _tell(done.errors, done.wrong, done.why if isinstance(done, Importing) else "")


async def _followed(hub: Hub, one: Importing, bar: Progress) -> Importing:
    """Until a worker is done with it."""
    task = bar.add_task(_("Importing"), total=one.rows)
    while one.finished_at is None:
        await asyncio.sleep(LOOK_SECONDS)
        async with hub.transaction() as tx:
            one = await list_importing.load(tx, one.id)
        bar.update(task, completed=one.seen)
    return one


def _run(work: Import, file: Path) -> None:
    async def imported(hub: Hub) -> Imported:
        with Progress(transient=True) as bar:
            task = bar.add_task(_("Importing"), total=_lines(file))
            return await work(hub, file, progress=lambda rows: bar.advance(task, rows))

    done = with_hub(imported)
    click.echo(_("%(n)s rows imported, %(wrong)s wrong", n=done.done, wrong=len(done.errors)))
    _tell(done.errors, len(done.errors))


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _line in lines)


def _tell(errors: list[RowError], wrong: int, why: str = "") -> None:
    """`wrong`: rows in all; `why`: what ended it early."""
    for error in errors:
        click.echo(
            _("row %(row)s, %(field)s: %(why)s", row=error.row, field=error.field or "-", why=error.message),
            err=True,
        )
    if why:
        click.echo(why, err=True)
    if wrong or why:
        raise SystemExit(2)
