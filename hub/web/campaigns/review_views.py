"""What the review of a campaign is told: what it will do, what is missing, and each person's real message."""

from __future__ import annotations

import msgspec

from hub.campaigns.deck import Card
from hub.campaigns.timing import Spread
from hub.web.campaigns.views import CheckView, StepPage
from hub.web.segments.views import Options
from hub.web.views import ChannelMark, View


class CardView(View, frozen=True, kw_only=True):
    """One person's message as it leaves. `said` in pieces; `frame`: the address of its HTML, "" without one.

    `flags`: (words, tone). `fields`: the texts one may write for this person alone. `when`: on their clock.
    """

    card: Card
    mark: ChannelMark
    subject: list[tuple[str, bool]]
    said: list[tuple[str, bool]]
    frame: str
    flags: list[tuple[str, str]]
    fields: list[tuple[str, str, str]]
    when: str
    error: str = ""


class ReadyView(View, frozen=True, kw_only=True):
    """How far the preparation is: `waits` while it lasts; `emptying`: the plan before it goes first."""

    waits: bool
    emptying: bool
    done: int
    total: int
    percent: int
    href: str


class ReviewPage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/review. `sentence`: what will happen; `typed`: the number must be typed to approve it.

    `perhaps`: to how many it perhaps wrote since the backup that was restored.
    """

    sentence: str
    missing: list[CheckView]
    ready: ReadyView | None = None
    people: int = 0
    typed: bool = False
    perhaps: int = 0
    left_out: list[tuple[str, int]] = msgspec.field(default_factory=list)
    spread: list[Spread] = msgspec.field(default_factory=list)
    cards: list[CardView] = msgspec.field(default_factory=list)
    steps: Options = msgspec.field(default_factory=list)
    step: int = 1
    more: str = ""
    dropped: tuple[int, str] | None = None
