"""Lists of conversations: rows, one pane of the inbox, search results."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.web.views.frame import Named, Person

COLOURS = ("blue", "teal", "green", "violet", "orange", "grey")

State = Literal["open", "snoozed", "closed", "aside"]
Direction = Literal["in", "out", "note", "system"]


class ChannelMark(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel is shown: icon, colour and a name in words for the same."""

    icon: str
    colour: str
    name: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation in a list.

    `key` sorts the list (data-k): the greatest stands first; all-digit keys compare as numbers. Where a list may be
    sorted there is a key for each of its sorts, parted by blanks, and the list says which counts. `version`
    (data-v) is the conversation's version: the browser ignores a lower one. `last_seq` with `direction` lets
    the browser count unread by itself. `unread` is None in a live partial: the browser keeps its own number.
    `address`: the link, `/inbox/{view}/c/{id}`; live partials may use `/c/{id}`, the browser opens it in the
    list it stands in. `until`: when a snoozed one comes back. `reason`: why it stands where it stands
    (covering for Ana…), may be empty.
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
    until: datetime | None = None
    tags: list[str] = []
    unread: int | None = None
    draft: bool = False
    address: str = ""
    reason: str = ""


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_row.html."""

    row: Row


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to pick: an agent or a team for an assignment; `note` says load or presence in words."""

    value: str
    name: str
    note: str = ""
    here: bool = False
    suggested: bool = False


class ListPane(msgspec.Struct, frozen=True, kw_only=True):
    """One list of the inbox.

    `view` is the key in the address, `title` what people read (empty: the template names the built-in views).
    `topic`: the live topic of this list. `more`: address of the next page of rows, or empty; `end`: the key behind
    which a row stands on it. `total`: how many there are, None when not counted. `sort`: one of `sorts`, or empty
    where there is but one order; `by`: which of a row's keys counts.
    """

    view: str
    topic: str
    rows: list[Row]
    cursor: str
    title: str = ""
    total: int | None = None
    more: str = ""
    end: str = ""
    sort: str = ""
    by: int = 0
    sorts: list[Choice] = []
    selected: int | None = None


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """Context of inbox/_list.html (X-Fragment: list)."""

    pane: ListPane


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that matches; `snippets` are texts with the matches between \\x02 and \\x03."""

    row: Row
    snippets: list[str] = []


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Results grouped by conversation. `problem`: what in the query was not understood, in words."""

    q: str = ""
    results: list[Found] = []
    total: int | None = None
    more: str = ""
    problem: str = ""
