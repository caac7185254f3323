"""An open conversation: head, composer, customer card, and the inbox around them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.channels.spelling import shown
from hub.web.views.frame import Named, Person
from hub.web.views.lists import ChannelMark, Choice, ListPane, State
from hub.web.views.messages import Message


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an open conversation; live: `patch head:{id}` with inbox/_head.html.

    `suggestion`: the account its domain suggests, not confirmed yet. `doubt`: why the sender is doubtful.
    `decision`: the routing sentence ("To Ana, who owns Acme"). `covering_for`: for whom the assignee stands
    in. `score`: the customer's mark at the end, of 5.
    """

    id: int
    version: int
    subject: str
    state: State
    contact: Named
    channel: ChannelMark
    account: Named | None = None
    assignee: Person | None = None
    team: Named | None = None
    priority: str = "normal"
    tags: list[str] = []
    waiting_since: datetime | None = None
    suggestion: Named | None = None
    doubt: str = ""
    decision: str = ""
    covering_for: Person | None = None
    snoozed_until: datetime | None = None
    joined_into: Named | None = None
    closed: str = ""
    score: int | None = None


class HeadView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_head.html."""

    head: Head


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One way to answer: a channel, whom it would reach there, and what it can carry.

    `why_not`: why it cannot be used now, in words; empty if it can. `why`: what speaks for it. `until`: until
    when free text may go there. `parts`: its texts are counted in parts (static/js/parts.js); `cost` of one
    part, message or page, in euro cents.
    """

    id: int
    mark: ChannelMark
    address_id: int | None = None
    to: str = ""
    cc: str = ""
    subject: str = ""
    has_subject: bool = False
    has_cc: bool = False
    attachments: bool = False
    text_limit: int = 0
    parts: bool = False
    pages: bool = False
    cost: float = 0.0
    why: str = ""
    why_not: str = ""
    until: datetime | None = None
    approved: bool = False
    cautious: bool = True

    @property
    def name(self) -> str:
        """As it stands in the list of ways: the line, whom it reaches, and why or why not."""
        said = [self.mark.name, shown(self.to), self.why_not or self.why]
        return " · ".join(one for one in said if one)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent has begun to write; `version` 0 means nothing is stored."""

    mode: Literal["reply", "note"] = "reply"
    text: str = ""
    subject: str = ""
    to: str = ""
    cc: str = ""
    channel_id: int | None = None
    version: int = 0
    saved_at: datetime | None = None


class Composer(msgspec.Struct, frozen=True, kw_only=True):
    """The composer of one conversation; never touched by live updates. The first usable line is chosen.

    `drafts`: at most one a mode. `undo_seconds` of the agent. `after_seq`: the last message shown. `stays`:
    answers of this conversation never go on by another channel.
    """

    conversation: int
    lines: list[Line]
    after_seq: int
    drafts: list[Draft] = []
    undo_seconds: int = 8
    stays: bool = False
    upload_limit: int = 25_000_000

    def draft(self, mode: str) -> Draft:
        """The draft of one mode, an empty one if nothing was begun."""
        return next((one for one in self.drafts if one.mode == mode), Draft())

    @property
    def mode(self) -> str:
        """What the composer opens in: a reply, unless only a note was begun or nothing can be sent."""
        if not any(not line.why_not for line in self.lines):
            return "note"
        return "note" if self.draft("note").text and not self.draft("reply").text else "reply"

    @property
    def line(self) -> Line | None:
        """The line chosen at first: the draft's, else the first that can be used."""
        begun = self.draft("reply")
        usable = [line for line in self.lines if not line.why_not]
        own = [line for line in usable if line.id == begun.channel_id]
        same = [line for line in own if line.to == begun.to]
        return next(iter([*same, *own, *usable]), None)


class CardFact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the customer card: a question (Bought, Paid, Problems, Risk) and its answer in words."""

    name: str
    value: str
    tone: Literal["", "ok", "warn", "danger"] = ""


class ContactAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach the contact. `note`: why it cannot be used, or that it is shared; may be empty."""

    icon: str
    value: str
    verified: bool = False
    usable: bool = True
    note: str = ""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Another conversation of the same contact or account."""

    id: int
    subject: str
    at: datetime
    channel: ChannelMark
    state: State = "open"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The customer card: account, owner, deputy first; then only the facts for which data exists.

    `facts` and `history` are the viewer's own; the rest is told live on contact:{id} and account:{id}.
    """

    conversation: int = 0
    contact: Person = Person(id=0, name="")
    about: str = ""
    account: Named | None = None
    suggested: bool = False
    owner: Person | None = None
    owner_away: str = ""
    deputy: Person | None = None
    tags: list[str] = []
    facts: list[CardFact] = []
    addresses: list[ContactAddress] = []
    notes: str = ""
    history: list[Past] = []


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_card.html."""

    card: Card


class ThreadPane(msgspec.Struct, frozen=True, kw_only=True):
    """An open conversation with composer and card (X-Fragment: thread).

    `topic`: the live topic of the thread. `earlier`: address of the page of older messages, or empty.
    `back`: address of the list. `read_seq`: what the agent had read before.
    """

    topic: str
    cursor: str
    head: Head
    messages: list[Message]
    composer: Composer
    card: Card
    view: str = "mine"
    earlier: str = ""
    back: str = "/inbox/mine"
    read_seq: int = 0


class ThreadView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_thread.html; give `render.partial` the agent's time zone."""

    thread: ThreadPane


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox: a list, and the open conversation if there is one.

    `choices`: whom one may assign to (value `agent-7` or `team-3`), best first. `reasons`, `outcomes`: the
    two one-key questions when closing; empty lists ask nothing.
    """

    pane: ListPane
    thread: ThreadPane | None = None
    choices: list[Choice] = []
    reasons: list[Choice] = []
    outcomes: list[Choice] = []
