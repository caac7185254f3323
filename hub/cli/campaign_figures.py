"""`hub campaign compare`, `undelivered` and `settle`: a campaign beside others, and what asks for a person."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from hub.agents import people
from hub.campaigns import campaigns, comparing, undelivered
from hub.campaigns.comparing import Compared
from hub.campaigns.experiments import Share
from hub.campaigns.undelivered import Undelivered
from hub.cli.opened import with_hub
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.campaigns import charts
from hub.web.campaigns.compared import MEASURES


@click.command(help="Beside the five campaigns before it, as shares, and what the differences tell.")
@click.argument("campaign_id", type=click.IntRange(min=1), metavar="ID")
def compare(campaign_id: int) -> None:
    """A row a campaign, a line a measure."""

    async def read(hub: Hub) -> list[Compared]:
        async with hub.transaction() as tx:
            return await comparing.beside(tx, await campaigns.load(tx, campaign_id))

    found = with_hub(read)
    table = Table("ID", _("Name"), _("Sent"), *(_(MEASURES[name]) for name in comparing.MEASURES), box=None)
    for one in found:
        shares = [_share(getattr(one, name)) for name in comparing.MEASURES]
        table.add_row(str(one.id), one.name, str(one.sent), *shares)
    Console().print(table)
    for each in comparing.differences(found):
        click.echo(f"{_(MEASURES[each.measure])}: {each.uplift.words}")


@click.command(name="undelivered", help="What campaigns did not deliver and somebody may do something about.")
def undelivered_() -> None:
    """A row a campaign."""

    async def read(hub: Hub) -> list[Undelivered]:
        async with hub.transaction() as tx:
            return await undelivered.waiting(tx)

    table = Table("ID", _("Name"), _("Perhaps sent"), _("Failed for now"), _("Refused for good"), box=None)
    for one in with_hub(read):
        table.add_row(str(one.campaign_id), one.name, str(one.unknown), str(one.again), str(one.correct))
    Console().print(table)


@click.command(help="Nothing more is to be done about what it did not deliver until now.")
@click.argument("campaign_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Which agent says so.")
def settle(campaign_id: int, email: str) -> None:
    """Off the list of `undelivered` until something else goes wrong."""

    async def work(hub: Hub) -> None:
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
            await undelivered.settle(tx, campaign_id, agent.id)

    with_hub(work)


def _share(one: Share | None) -> str:
    return "—" if one is None else charts.share(one)
