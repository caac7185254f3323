"""What each page and partial is told: the contract between the rooms and the templates.

A handler fills one of these and calls `render.page` or `render.partial`; the template sees the fields by
name. Live partials (RowView, MessageView, HeadView, CardView) are the same for every viewer: what differs per
agent (unread, selection, drafts) is left out there and lives in the browser.
Datetimes are aware. `icon` is a lucide name and `colour` one of COLOURS: an adapter's `can` declares both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

COLOURS = ("blue", "teal", "green", "violet", "orange", "grey")

State = Literal["open", "snoozed", "closed", "aside"]
Direction = Literal["in", "out", "note", "system"]
DeliveryState = Literal[
    "held", "queued", "claimed", "sending", "sent", "delivered", "read", "failed", "unknown", "canceled"
]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything a template is told."""


class Named(View, frozen=True, kw_only=True):
    """Anything with an id and a name: a team, a contact, an account, another conversation."""

    id: int
    name: str


class Person(Named, frozen=True, kw_only=True):
    """An agent, as shown by name or by initials."""

    @property
    def initials(self) -> str:
        """One or two letters: of the first and the last word."""
        words = [word for word in self.name.split() if word[0].isalnum()]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


# The frame of every page


class Scope(View, frozen=True, kw_only=True):
    """What any page needs, signed in or not.

    `theme`: system, light, dark. `density`: comfortable, compact. `csrf` goes into each form and the X-CSRF
    header. `address`: the path and query of this page, to come back to after a change of language or theme.
    """

    language: str = "es"
    theme: str = "system"
    density: str = "comfortable"
    time_zone: str = "Europe/Madrid"
    csrf: str = ""
    demo: bool = False
    address: str = "/"


class Me(Person, frozen=True, kw_only=True):
    """The agent who is signed in. `undo_seconds`: how long a send is held."""

    email: str = ""
    role: str = "agent"
    undo_seconds: int = 8
    shortcuts: bool = True


class Shell(Scope, frozen=True, kw_only=True):
    """The frame of a page for a signed-in agent.

    `current`: the key of the navigation item that is lit: a view (mine, unassigned, team-3, all, closed,
    aside) or a page (accounts, contacts, quarantine, unanswered, absences, admin, lab).
    `counts`: numbers by the same keys; 0 shows nothing. `topics`: live topics of the agent (counts, notices).
    `cursor`: the stream's cursor, read before the page's first SELECT; "" switches live updates off.
    `here`: presence, live kinds ring only then.
    """

    me: Me
    current: str = ""
    counts: dict[str, int] = {}
    teams: list[Named] = []
    topics: list[str] = []
    cursor: str = ""
    here: bool = True

    @property
    def leads(self) -> bool:
        """Whether the work links of leads and admins are shown."""
        return self.me.role in ("lead", "admin")


# Signing in


class LoginPage(View, frozen=True, kw_only=True):
    """`error` is a sentence for people; `demo_roles` draws the one-click buttons (POST /login, demo=role)."""

    email: str = ""
    error: str = ""
    next: str = ""
    demo_roles: list[DemoRole] = []


class DemoRole(View, frozen=True, kw_only=True):
    """One button of the demo's login: `role` is posted as `demo`."""

    role: str
    name: str
    what: str


class FirstRunPage(View, frozen=True, kw_only=True):
    """Making the first admin. `errors`: sentence by field name (company, name, email, password)."""

    company: str = ""
    name: str = ""
    email: str = ""
    errors: dict[str, str] = {}


class ErrorPage(View, frozen=True, kw_only=True):
    """An error in words. `status` is the HTTP status; `reference` names the line in the log, if any."""

    status: int
    title: str
    message: str
    reference: str = ""
    back: str = "/"


# The list


class ChannelMark(View, frozen=True, kw_only=True):
    """How a channel is shown: icon, colour and a name in words for the same."""

    icon: str
    colour: str
    name: str


class Row(View, frozen=True, kw_only=True):
    """One conversation in a list.

    `key` sorts the list (data-k): the greatest stands first; all-digit keys compare as numbers. `version`
    (data-v) is the conversation's version: the browser ignores a lower one. `last_seq` with `direction` lets
    the browser count unread by itself. `unread` is None in a live partial: the browser keeps its own number.
    `address`: the link, `/inbox/{view}/c/{id}`; live partials may use `/c/{id}`, the browser opens it in the
    list it stands in. `reason`: why it stands where it stands (covering for Ana…), may be empty.
    """

    id: int
    version: int
    key: str
    subject: str
    contact: Named
    at: datetime
    preview: str
    direction: Direction
    last_seq: int
    channel: ChannelMark
    account: Named | None = None
    assignee: Person | None = None
    team: Named | None = None
    state: State = "open"
    priority: str = "normal"
    waiting_since: datetime | None = None
    unread: int | None = None
    draft: bool = False
    address: str = ""
    reason: str = ""


class RowView(View, frozen=True, kw_only=True):
    """Context of inbox/_row.html."""

    row: Row


class ListPane(View, frozen=True, kw_only=True):
    """One list of the inbox.

    `view` is the key in the address, `title` what people read (empty: the template names the built-in views).
    `topic`: the live topic of this list. `more`: address of the next page of rows, or empty. `total`: how
    many there are, None when not counted.
    """

    view: str
    topic: str
    rows: list[Row]
    cursor: str
    title: str = ""
    total: int | None = None
    more: str = ""
    selected: int | None = None


class ListView(View, frozen=True, kw_only=True):
    """Context of inbox/_list.html (X-Fragment: list)."""

    pane: ListPane


# The thread


class Attachment(View, frozen=True, kw_only=True):
    """A file of a message; `token` is its address `/files/{token}`; images may show a preview."""

    token: str
    name: str
    size: int
    type: str = "application/octet-stream"


class Delivery(View, frozen=True, kw_only=True):
    """One hand-over. `reason`: why it failed, in words; `held_until`: until when it can be undone."""

    id: int
    recipient: str
    state: DeliveryState
    at: datetime | None = None
    reason: str = ""
    held_until: datetime | None = None
    channel: ChannelMark | None = None


class Message(View, frozen=True, kw_only=True):
    """One bubble, note or system row.

    `seq` sorts (data-k), `version` (data-v) rises with each change (deliveries count). `author`: a name.
    `text`: the whole, or what is new in a reply; `quoted`: the rest, folded. `doubt`: why the sender is not
    sure, in words, empty if fine. `warnings`: what was odd in the mail. `raw`: whether the original is kept.
    For direction `system`, `text` is the sentence, `icon` a lucide name, `why` whether "why?" is shown.
    `to`, `cc`: addresses as text. `join`: "Belongs to «…»? Join".
    """

    id: int
    conversation: int
    seq: int
    direction: Direction
    at: datetime
    author: str = ""
    version: int = 1
    channel: ChannelMark | None = None
    subject: str = ""
    text: str = ""
    quoted: str = ""
    has_html: bool = False
    raw: bool = False
    language: str = ""
    address: str = ""
    to: str = ""
    cc: str = ""
    automatic: bool = False
    verified: bool = False
    doubt: str = ""
    warnings: list[str] = []
    attachments: list[Attachment] = []
    deliveries: list[Delivery] = []
    client_id: str = ""
    join: Named | None = None
    icon: str = "info"
    why: bool = False

    @property
    def failed(self) -> list[Delivery]:
        """The deliveries a person has to look at."""
        return [one for one in self.deliveries if one.state in ("failed", "unknown")]

    @property
    def state(self) -> str:
        """The worst state of its deliveries: what the tick shows; empty without deliveries."""
        order = ("failed", "unknown", "held", "queued", "claimed", "sending", "sent", "delivered", "read")
        states = {one.state for one in self.deliveries}
        return next((state for state in order if state in states), "canceled" if states else "")

    @property
    def state_at(self) -> datetime | None:
        """When the shown state was reached."""
        return next((one.at for one in self.deliveries if one.state == self.state), None)


class MessageView(View, frozen=True, kw_only=True):
    """Context of inbox/_message.html."""

    message: Message


class Choice(View, frozen=True, kw_only=True):
    """Something to pick: an agent or a team for an assignment; `note` says load or presence in words."""

    value: str
    name: str
    note: str = ""
    here: bool = False
    suggested: bool = False


class Head(View, frozen=True, kw_only=True):
    """The head of an open conversation; live: `patch head:{id}` with inbox/_head.html.

    `suggestion`: the account its domain suggests, not confirmed yet. `doubt`: why the sender is doubtful.
    `decision`: the routing sentence ("To Ana, who owns Acme"). `covering_for`: for whom the assignee stands
    in. `make_owner`: "Make the assignee the owner of this account?" offered after closing.
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
    waiting_since: datetime | None = None
    suggestion: Named | None = None
    doubt: str = ""
    decision: str = ""
    covering_for: Person | None = None
    snoozed_until: datetime | None = None
    joined_into: Named | None = None
    closed: str = ""


class HeadView(View, frozen=True, kw_only=True):
    """Context of inbox/_head.html."""

    head: Head


class Line(View, frozen=True, kw_only=True):
    """A channel one may write on here, with what it can carry and whom it would reach.

    `why_not`: why it cannot be used now, in words; empty if it can.
    """

    id: int
    mark: ChannelMark
    to: str = ""
    cc: str = ""
    subject: str = ""
    has_subject: bool = False
    has_cc: bool = False
    attachments: bool = False
    text_limit: int = 0
    why_not: str = ""
    cautious: bool = True


class Draft(View, frozen=True, kw_only=True):
    """What the agent has begun to write; `version` 0 means nothing is stored."""

    mode: Literal["reply", "note"] = "reply"
    text: str = ""
    subject: str = ""
    to: str = ""
    cc: str = ""
    channel_id: int | None = None
    version: int = 0
    saved_at: datetime | None = None


class Composer(View, frozen=True, kw_only=True):
    """The composer of one conversation; never touched by live updates. The first usable line is chosen.

    `drafts`: at most one a mode. `undo_seconds` of the agent. `after_seq`: the last message shown.
    """

    conversation: int
    lines: list[Line]
    after_seq: int
    drafts: list[Draft] = []
    undo_seconds: int = 8
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
        chosen = self.draft("reply").channel_id
        usable = [line for line in self.lines if not line.why_not]
        return next((line for line in usable if line.id == chosen), usable[0] if usable else None)


class CardFact(View, frozen=True, kw_only=True):
    """One line of the customer card: a question (Bought, Paid, Problems, Risk) and its answer in words."""

    name: str
    value: str
    tone: Literal["", "ok", "warn", "danger"] = ""


class ContactAddress(View, frozen=True, kw_only=True):
    """A way to reach the contact. `note`: why it cannot be used, or that it is shared; may be empty."""

    icon: str
    value: str
    verified: bool = False
    usable: bool = True
    note: str = ""


class Past(View, frozen=True, kw_only=True):
    """Another conversation of the same contact or account."""

    id: int
    subject: str
    at: datetime
    channel: ChannelMark
    state: State = "open"


class Card(View, frozen=True, kw_only=True):
    """The customer card: account, owner, deputy first; then only the facts for which data exists."""

    conversation: int
    contact: Person
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


class CardView(View, frozen=True, kw_only=True):
    """Context of inbox/_card.html."""

    card: Card


class ThreadPane(View, frozen=True, kw_only=True):
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


class ThreadView(View, frozen=True, kw_only=True):
    """Context of inbox/_thread.html; give `render.partial` the agent's time zone."""

    thread: ThreadPane


class InboxPage(View, frozen=True, kw_only=True):
    """The inbox: a list, and the open conversation if there is one.

    `choices`: whom one may assign to (value `agent-7` or `team-3`), best first. `reasons`, `outcomes`: the
    two one-key questions when closing; empty lists ask nothing.
    """

    pane: ListPane
    thread: ThreadPane | None = None
    choices: list[Choice] = []
    reasons: list[Choice] = []
    outcomes: list[Choice] = []


# Search, decision


class Found(View, frozen=True, kw_only=True):
    """A conversation that matches; `snippets` are texts with the matches between \\x02 and \\x03."""

    row: Row
    snippets: list[str] = []


class SearchPage(View, frozen=True, kw_only=True):
    """Results grouped by conversation. `problem`: what in the query was not understood, in words."""

    q: str = ""
    results: list[Found] = []
    total: int | None = None
    more: str = ""
    problem: str = ""


class Looked(View, frozen=True, kw_only=True):
    """One input of a decision: what was looked at and what it said."""

    name: str
    value: str


class RuleRow(View, frozen=True, kw_only=True):
    """One row of the rules as the decision walked it. `outcome`: took, passed, labelled or skipped."""

    number: int
    name: str
    outcome: Literal["took", "passed", "labelled", "skipped"]
    why: str = ""


class Candidate(View, frozen=True, kw_only=True):
    """Somebody who could have got it, and why they did or did not."""

    person: Person
    chosen: bool
    why: str


class Decision(View, frozen=True, kw_only=True):
    """One routing decision, whole."""

    id: int
    at: datetime
    sentence: str
    rule_version: int
    inputs: list[Looked] = []
    rows: list[RuleRow] = []
    candidates: list[Candidate] = []


class WhyPage(View, frozen=True, kw_only=True):
    """GET /c/{id}/why: the decisions of a conversation, newest first."""

    conversation: Named
    back: str
    decisions: list[Decision]
