"""The bar of a call."""

from __future__ import annotations

from datetime import datetime

import msgspec


class CallBar(msgspec.Struct, frozen=True, kw_only=True):
    """The call an agent is in; live: `put calls`, gone: `drop calls call-{id}`.

    `rings`: it rings on the agent's telephone now. `mine`: they can hang it up. `said`: its state in words.
    `since`: from when the clock in the bar counts. `icon`, `colour`, `line`: the channel's mark.
    `campaign`: what they probably ring about, "" if nothing was sent to them lately.
    """

    id: int
    version: int
    conversation: int
    icon: str
    colour: str
    line: str
    who: str
    said: str
    since: datetime
    account: str = ""
    number: str = ""
    campaign: str = ""
    rings: bool = False
    talks: bool = False
    mine: bool = False


class CallBarView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of calls/_bar.html."""

    call: CallBar


class CallBarsView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of calls/_bars.html: everything in the bar (GET /calls)."""

    calls: list[CallBar]
