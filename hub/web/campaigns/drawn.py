"""What the live pages of campaigns are told: the whole of a running one, and its row in the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.campaigns import campaigns
from hub.campaigns.campaigns import Campaign
from hub.plumbing.db import Tx
from hub.plumbing.texts import language
from hub.web import render
from hub.web.campaigns.running_pages import Looked, far_view, look, run_of
from hub.web.drawing import Thing, register
from hub.web.sockets import Op


async def draw(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `campaign`."""
    found = []
    for id_ in ids:
        campaign = await campaigns.load(tx, id_)
        found.append(Thing(id=id_, ops=_ops(campaign, await look(tx, id_))))
    return found


def register_all() -> None:
    """Make the fan-out draw campaigns."""
    register("campaign", draw)


def _ops(campaign: Campaign, looked: Looked) -> Callable[[Sequence[str]], dict[str, list[Op]]]:
    """No version: each drawing reads the numbers as they are, and the pages get them in their order."""

    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        drawn: dict[str, list[Op]] = {}
        for topic in topics:
            if topic == "campaigns":
                html = render.partial("campaigns/_far.html", far_view(looked.progress), language())
                drawn[topic] = [["patch", f"campaign-row:{campaign.id}", html]]
            else:
                html = render.partial("campaigns/_run.html", run_of(campaign, looked), language())
                drawn[topic] = [["patch", f"campaign-run:{campaign.id}", html]]
        return drawn

    return ops
