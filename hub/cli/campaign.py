"""`hub campaign`: what there is, how far it is, and the verbs of a campaign's life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from hub.agents import people
from hub.campaigns import approving, campaigns, figures, preparing, running, steps, trying
from hub.campaigns.campaigns import Campaign
from hub.campaigns.states import ENDED, WORDS, State
from hub.campaigns.worst_cases import Case, worst_cases
from hub.cli import campaign_figures
from hub.cli.opened import with_hub
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.campaigns import cards, reasons

LOOK_SECONDS = 1.0
ID = click.argument("campaign_id", type=click.IntRange(min=1), metavar="ID")
AS = click.option("--as", "email", required=True, metavar="EMAIL", help="Which agent does it.")
PERHAPS = click.option(
    "--perhaps",
    type=int,
    help="After a restore: to how many people it perhaps wrote since, as the refusal says.",
)
STEP = click.option("--step", type=click.IntRange(1, steps.MOST_STEPS), default=1)
VARIANT = click.option("--variant", type=click.Choice(steps.VARIANTS), default="a")
Verb = Callable[[Tx, int, int], Awaitable[Campaign]]


@click.group(
    name="campaign", help="Personal sends to many: see them, prepare, approve, pause, resume, cancel."
)
def command() -> None:
    """The group; each command below opens the hub itself."""


@command.command(name="list", help="All campaigns, the newest first.")
@click.option("--state", type=click.Choice(list(WORDS)), help="Only those in this state.")
def list_(state: State | None) -> None:
    """A table."""

    async def read(hub: Hub) -> list[Campaign]:
        async with hub.transaction() as tx:
            return await campaigns.listed(tx, states=[state] if state else [], most=100)

    table = Table("ID", _("Name"), _("State"), _("People"), box=None)
    for one in with_hub(read):
        table.add_row(str(one.id), one.name, _(WORDS[one.state]), str(one.total))
    Console().print(table)


@command.command(help="How far it is, in numbers.")
@ID
def status(campaign_id: int) -> None:
    """A line a number."""

    async def read(hub: Hub) -> tuple[Campaign, figures.Progress]:
        async with hub.transaction() as tx:
            return await campaigns.load(tx, campaign_id), await figures.progress(tx, campaign_id)

    campaign, found = with_hub(read)
    click.echo(
        f"{campaign.name}: {_(WORDS[campaign.state])}" + (f" ({campaign.why})" if campaign.why else "")
    )
    for word, number in _lines(found):
        click.echo(f"{number:>10}  {word}")
    for code, number in sorted([*found.excluded.items(), *found.stopped.items()], key=lambda item: -item[1]):
        click.echo(f"{number:>10}    {reasons.words(code)}")


@command.command(help="Follow it with a progress bar until it has ended; Ctrl-C only stops looking.")
@ID
def watch(campaign_id: int) -> None:
    """Looks once a second."""

    async def follow(hub: Hub) -> Campaign:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[more]}"),
        )
        with Progress(*columns) as bar:
            task = bar.add_task("", more="")
            while True:
                async with hub.transaction() as tx:
                    campaign = await campaigns.load(tx, campaign_id)
                    found = await figures.progress(tx, campaign_id)
                done = found.everybody - found.to_go
                more = _("%(n)s a minute, %(flying)s leaving", n=found.a_minute, flying=found.in_flight)
                bar.update(
                    task,
                    description=_(WORDS[campaign.state]),
                    total=found.everybody,
                    completed=done,
                    more=more,
                )
                if campaign.state in ENDED or (
                    campaign.state in ("prepared", "draft") and not found.in_flight
                ):
                    return campaign
                await asyncio.sleep(LOOK_SECONDS)

    _say(with_hub(follow))


@command.command(help="Freeze the audience and work out what each person will get, for the review.")
@ID
@AS
def prepare(campaign_id: int, email: str) -> None:
    """A worker does it; `hub campaign watch` follows."""
    _do(campaign_id, email, preparing.begin)


@command.command(help="Approve what was prepared for everybody; it leaves at its hour.")
@ID
@AS
@click.option(
    "--people", "total", type=int, required=True, help="How many people it goes to, as the review says."
)
@PERHAPS
def approve(campaign_id: int, email: str, total: int, perhaps: int | None) -> None:
    """The number proves that whoever approves knows what they approve."""

    async def work(hub: Hub) -> Campaign:
        found = await approving.troubles(hub, campaign_id)
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
            return await approving.approve(
                tx, campaign_id, total=total, agent_id=agent.id, troubles=found, perhaps=perhaps
            )

    _say(with_hub(work))


@command.command(help="Send a marked test with somebody's data; it counts nowhere.")
@ID
@AS
@click.option("--contact", "contact_id", type=int, required=True, help="Whose data.")
@click.option("--to", required=True, help="To which address.")
@STEP
@VARIANT
def test(campaign_id: int, email: str, contact_id: int, to: str, step: int, variant: str) -> None:
    """It leaves by the worker, like everything."""

    async def work(hub: Hub) -> None:
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
        await trying.send(
            hub, campaign_id, step=step, variant=variant, as_contact_id=contact_id, to=to, agent_id=agent.id
        )

    with_hub(work)
    click.echo(_("A test leaves for %(to)s", to=to))


@command.command(
    help="The worst letters a draft would send, of some hundred real people; nothing is prepared."
)
@ID
@STEP
@VARIANT
def worst(campaign_id: int, step: int, variant: str) -> None:
    """What to look at, whom it would reach, and the words."""

    async def work(hub: Hub) -> list[Case]:
        async with hub.transaction() as tx:
            texts = await steps.said(tx, campaign_id, step, variant)
        return await worst_cases(hub, campaign_id, texts)

    for one in with_hub(work):
        flags = ", ".join(words for words, _tone in cards.flagged(one.flags))
        click.secho(f"{one.contact_name or '—'} <{one.address}> {flags}", bold=True)
        click.echo("\n".join(part for part in (one.subject, one.said, one.trouble) if part))
        click.echo()


@command.command(help="Back to a draft; what was prepared is thrown away.")
@ID
@AS
def draft(campaign_id: int, email: str) -> None:
    """What nobody approved."""
    _do(campaign_id, email, preparing.back_to_draft)


@command.command(help="Back to the review; nothing has left yet.")
@ID
@AS
def unschedule(campaign_id: int, email: str) -> None:
    """What was approved waits for another approval."""
    _do(campaign_id, email, running.unschedule)


@command.command(help="Nothing more leaves; what is on its way ends.")
@ID
@AS
def pause(campaign_id: int, email: str) -> None:
    """Takes effect at the next claim."""
    _do(campaign_id, email, running.pause)


@command.command(help="Go on where it was paused.")
@ID
@AS
@PERHAPS
def resume(campaign_id: int, email: str, perhaps: int | None) -> None:
    """Whoever has theirs gets nothing again."""
    _do(campaign_id, email, partial(running.resume, perhaps=perhaps))


@command.command(help="End it; whoever has not got theirs gets nothing.")
@ID
@AS
@click.confirmation_option(prompt="End this campaign for good?")
def cancel(campaign_id: int, email: str) -> None:
    """Cannot be undone."""
    _do(campaign_id, email, running.cancel)


for one in (campaign_figures.compare, campaign_figures.undelivered_, campaign_figures.settle):
    command.add_command(one)


def _do(campaign_id: int, email: str, verb: Verb) -> None:
    async def work(hub: Hub) -> Campaign:
        async with hub.transaction() as tx:
            return await verb(tx, campaign_id, (await people.find_by_email(tx, email)).id)

    _say(with_hub(work))


def _say(campaign: Campaign) -> None:
    click.echo(f"{campaign.name}: {_(WORDS[campaign.state])}")


def _lines(found: figures.Progress) -> list[tuple[str, int]]:
    return [
        (_("people in all"), found.everybody),
        (_("to go"), found.to_go),
        (_("leaving"), found.in_flight),
        (_("sent"), found.out),
        (_("failed"), found.deliveries.get("failed", 0)),
        (_("perhaps sent"), found.deliveries.get("unknown", 0)),
        (_("answered"), found.answered),
        (_("probably answered"), found.probable),
        (_("left out"), sum(found.excluded.values())),
        (_("stopped"), sum(found.stopped.values())),
    ]
