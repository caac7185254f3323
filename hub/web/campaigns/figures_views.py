"""What the pages of a running and of a finished campaign are told."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns.campaigns import Campaign
from hub.campaigns.follow_ups import Pause
from hub.campaigns.recipients import Recipient
from hub.campaigns.timing import Spread
from hub.campaigns.tracking import Followed
from hub.web.campaigns.views import BarView, StepPage
from hub.web.segments.views import Options
from hub.web.views import View


class FarView(View, frozen=True, kw_only=True):
    """How far one campaign is, for a row of the list."""

    bars: list[BarView]
    done: int
    everybody: int


class RunView(View, frozen=True, kw_only=True):
    """How far it is: the bar, the numbers beside it, what one may do now. `csrf`: "" in a live update.

    `next_at`, `last_at`: where the pace does not say when it goes on or ends. `tiles`: (key, words, number).
    `left_out`, `stopped`: reasons in words with their numbers. `perhaps`: to how many it perhaps wrote since the
    backup that was restored.
    """

    campaign: Campaign
    state: str
    tone: str
    bars: list[BarView]
    tiles: list[tuple[str, str, int]]
    percent: int
    done: int
    everybody: int
    pace: str
    next_at: datetime | None
    last_at: datetime | None
    acts: list[ActView]
    in_flight: int
    left_out: list[tuple[str, int]]
    stopped: list[tuple[str, int]]
    unknown: list[UnknownView]
    more_unknown: int
    perhaps: int
    csrf: str = ""


class ActView(View, frozen=True, kw_only=True):
    """One thing a person may do with it now."""

    key: str
    name: str
    icon: str
    kind: str = ""


class UnknownView(View, frozen=True, kw_only=True):
    """Somebody who perhaps got it: what is known of that."""

    one: Recipient
    evidence: str


class RunPage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/run."""

    run: RunView
    spread: list[Spread]


class BarRow(View, frozen=True, kw_only=True):
    """One line of a chart: `share` of the longest in percent, `percent` of all people, None where that says nothing."""

    name: str
    number: int
    share: float
    percent: float | None = None


class HourView(View, frozen=True, kw_only=True):
    """One hour: how many left and answered, and how high that stands in percent. `x`, `width` in percent."""

    at: datetime
    left: int
    answered: int
    x: float
    width: float
    height: float
    answered_height: float


class HeatView(View, frozen=True, kw_only=True):
    """One hour of a weekday. `shade`: 0 for nobody, 5 for the fullest hour of the week."""

    hour: int
    answered: int
    clicked: int
    shade: int


class HeatRow(View, frozen=True, kw_only=True):
    """One weekday, its 24 hours."""

    name: str
    hours: list[HeatView]


class ComparedView(View, frozen=True, kw_only=True):
    """One campaign beside others; numbers with their share, "" where nothing is counted."""

    id: int
    name: str
    day: str
    sent: int
    failed: str
    answered: str
    clicked: str
    refused: str
    bought: str
    complete: bool


class ComparisonView(View, frozen=True, kw_only=True):
    """This campaign first, then those before it; `tells`: (measure, what the difference says)."""

    rows: list[ComparedView]
    tells: list[tuple[str, str]]


class ArmView(View, frozen=True, kw_only=True):
    """One group of the experiment, in words."""

    name: str
    people: int
    answered: str
    bought: str
    money: str
    answers: str
    purchases: str


class PersonView(View, frozen=True, kw_only=True):
    """One person of the campaign and what became of it; `pause`: who paused it for them.

    `step`: what a person may do about it (undelivered.step_for).
    """

    one: Recipient
    state: str
    tone: str
    why: str
    step: str
    pause: Pause | None


class ReportPage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/report?which=&after=. `turned`: for whom it was just paused, or not any more.

    `counted_at`: what takes long to count of a large campaign (arms, comparison, links, opened) is of then, and why
    they failed or were not sent where these are many.
    """

    funnel: list[BarRow]
    hours: list[HourView]
    zone: str
    heat: list[HeatRow]
    comparison: ComparisonView
    failures: list[BarRow]
    not_sent: list[BarRow]
    left_out: list[BarRow]
    links: list[Followed]
    opened: int | None
    answered: int
    probable: int
    arms: list[ArmView]
    days: int
    counted_at: datetime | None
    many_wrong: bool
    people: list[PersonView]
    states: Options
    which: str
    more: str
    turned: tuple[int, str, bool] | None = None


class PolicyPage(View, frozen=True, kw_only=True):
    """GET /campaigns/policy."""

    form: PolicyForm
    priorities: list[tuple[str, str, bool]]
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    done: str = ""


class PolicyForm(msgspec.Struct):
    """POST /campaigns/policy; days and tags one a line or with commas."""

    most_a_week: str = ""
    hold_days: str = ""
    failing_share: str = ""
    holidays: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    complaint_tags: str = ""
    complaint_priorities: list[str] = []
