"""How a call looks in the bar of whoever it rings for, or who is on the phone; for everybody else it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.campaigns import probable
from hub.conversations import call_bars
from hub.conversations.call_bars import Bar
from hub.plumbing.db import Tx
from hub.plumbing.texts import language
from hub.web import render
from hub.web.calls.bars import bar
from hub.web.drawing import Thing, register
from hub.web.sockets import Op
from hub.web.views.calls import CallBarView

PLACE = "calls"
AGENT = "agent:"


async def calls(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """The renderer of kind `call`: put into the bar of one agent, taken out of all others'."""
    bars: dict[int, dict[str, Bar]] = {id_: {} for id_ in ids}
    for one in await call_bars.of_calls(tx, list(ids)):
        bars[one.id][f"{AGENT}{one.agent_id}"] = one
    about = await probable.of_calls(tx, [id_ for id_, found in bars.items() if found])
    return [Thing(id=id_, ops=_drawer(id_, found, about.get(id_, ""))) for id_, found in bars.items()]


def register_all() -> None:
    """Make the fan-out draw this kind."""
    register("call", calls)


def _drawer(
    call_id: int, bars: dict[str, Bar], campaign: str
) -> Callable[[Sequence[str]], dict[str, list[Op]]]:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        told: dict[str, list[Op]] = {}
        for topic in topics:
            if not topic.startswith(AGENT):
                continue
            shown = bars.get(topic)
            if shown is None:
                told[topic] = [["drop", PLACE, f"call-{call_id}"]]
            else:
                html = render.partial("calls/_bar.html", CallBarView(call=bar(shown, campaign)), language())
                told[topic] = [["put", PLACE, html]]
        return told

    return ops
