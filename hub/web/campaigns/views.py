"""What the pages of campaigns are told while one is planned."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns.campaigns import Campaign
from hub.campaigns.schedule import Schedule
from hub.campaigns.segments import Segment
from hub.campaigns.steps import Step
from hub.campaigns.timing import Spread
from hub.conversations.approved import ApprovedText
from hub.customers.interests import Interest
from hub.customers.variables import Variable
from hub.web.segments.views import AudienceView, Options
from hub.web.views import ChannelMark, View


class CheckView(View, frozen=True, kw_only=True):
    """One of the five steps: done, missing, optional or waiting; `note` says what stands there or what is missing."""

    key: str
    name: str
    state: str
    note: str
    href: str


class BarView(View, frozen=True, kw_only=True):
    """One coloured piece of a bar: `start` and `share` in percent."""

    key: str
    name: str
    number: int
    start: float
    share: float


class RowView(View, frozen=True, kw_only=True):
    """One campaign of the list."""

    campaign: Campaign
    state: str
    tone: str
    place: str


class ListPage(View, frozen=True, kw_only=True):
    """GET /campaigns. `filters`: (key, name) of the groups of states."""

    rows: list[RowView]
    filters: Options
    which: str
    more: str


class NewPage(View, frozen=True, kw_only=True):
    """GET /campaigns/new."""

    name: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class ClashView(View, frozen=True, kw_only=True):
    """A field somebody else changed too. `theirs`, `mine`: what each says, in pieces (text, whether it differs)."""

    field: str
    label: str
    who: str
    at: datetime
    theirs: list[tuple[str, bool]]
    mine: list[tuple[str, bool]]


class StepPage(View, frozen=True, kw_only=True):
    """What every page of one campaign is told. `tone` colours its `state`.

    `version` and `page` go along with its forms; `clashes`: what of the form `clashed` somebody else changed too.
    """

    campaign: Campaign
    state: str
    tone: str
    checks: list[CheckView]
    here: str
    editable: bool
    done: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    version: int = 0
    page: str = ""
    clashed: str = ""
    clashes: list[ClashView] = msgspec.field(default_factory=list)


class AudiencePage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/audience."""

    segments: list[Segment]
    interests: list[Interest]
    words: str
    audience: AudienceView | None


class LineView(View, frozen=True, kw_only=True):
    """One channel a campaign may use; `chosen` counts from 1, 0 is not chosen."""

    id: int
    mark: ChannelMark
    chosen: int
    note: str


class MessagePage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/message?step=&variant=."""

    lines: list[LineView]
    agents: Options
    stops: list[tuple[str, str, bool]]
    steps: list[Step]
    step: int
    variant: str
    variants: list[str]
    text: TextForm
    fields: list[str]
    after_days: int
    approved: list[ApprovedText]
    blanks: list[tuple[str, str]]
    saved: Options
    variables: list[Variable]
    people: Options
    preview: PreviewView
    worst: WorstView | None = None


class PreviewView(View, frozen=True, kw_only=True):
    """The message as one person would read it; pieces are (text, whether it is a variable without value).

    `looks`: how it may be shown, `look` is shown. `frame`: the address of the HTML, "" without one. `parts`: how a
    text is counted and what it costs all in all. `findings`: (error or warning, words, field).
    """

    who: str
    looks: Options
    look: str
    subject: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    text: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    short: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    approved: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    frame: str = ""
    parts: list[str] = msgspec.field(default_factory=list)
    findings: list[tuple[str, str]] = msgspec.field(default_factory=list)
    error: str = ""


class CaseView(View, frozen=True, kw_only=True):
    """One of the worst letters; pieces are (text, whether it is a variable without value). `flags`: (words, tone).

    `designed`: it says what it says only in its HTML.
    """

    id: int
    name: str
    account: str
    address: str
    mark: ChannelMark
    flags: list[tuple[str, str]]
    subject: list[tuple[str, bool]]
    said: list[tuple[str, bool]]
    designed: bool
    error: str


class WorstView(View, frozen=True, kw_only=True):
    """The worst letters of a draft. `here`: the page that shows it for one of these people, their id at its end."""

    cases: list[CaseView] = msgspec.field(default_factory=list)
    here: str = ""
    error: str = ""


class TestPage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/test. `messages`: each step and wording; `missing`: what is not written yet."""

    messages: Options
    people: Options
    form_what: str
    form_who: str
    to: str
    missing: str
    worst: WorstView | None = None


class SchedulePage(StepPage, frozen=True, kw_only=True):
    """GET /campaigns/{id}/schedule. `spread`: first and last send by zone, as far as it is known."""

    schedule: Schedule
    zones: list[str]
    weekdays: list[tuple[int, str, bool]]
    policy: str
    sentence: str
    spread: list[Spread] = msgspec.field(default_factory=list)


class DraftForm(msgspec.Struct):
    """What every form of a draft says: what it had read, from which page, and where it gives way to what is stored."""

    version: int = 0
    page: str = ""
    theirs: list[str] = []


class TextForm(DraftForm):
    """POST /campaigns/{id}/message: the words of one step and variant; the others are the preview's."""

    step: int = 1
    variant: str = "a"
    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""
    approved_text_id: str = ""
    who: str = ""
    look: str = "desktop"
    reach: int = 0


class SettingsForm(DraftForm):
    """POST /campaigns/{id}/settings: on which lines and from whom; `act` moves a line up."""

    channel_ids: list[str] = []
    from_owner: bool = False
    sender_id: str = ""
    stops: list[str] = []
    track_links: bool = False
    track_opens: bool = False
    act: str = ""


class AudienceForm(DraftForm):
    """POST /campaigns/{id}/audience."""

    name: str = ""
    segment_id: str = ""
    interest_id: str = ""
    b: int = 0
    hold_out: int = 0


class ScheduleForm(DraftForm):
    """POST /campaigns/{id}/schedule; numbers are "" for no limit, `warm_up` is a list with commas."""

    when: str = "now"
    day: str = ""
    hour: str = "10:00"
    zone: str = "Europe/Madrid"
    weekdays: list[str] = []
    skip_holidays: bool = False
    opens: str = "09:00"
    closes: str = "21:00"
    per_minute: str = ""
    per_sender: str = ""
    per_domain: str = ""
    warm_up: str = ""
