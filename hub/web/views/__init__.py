"""What each page and partial is told: the contract between the rooms and the templates.

A handler fills one of these and calls `render.page` or `render.partial`; the template sees the fields by
name. Live partials (RowView, MessageView, HeadView, CardView) are the same for every viewer: what differs per
agent (unread, selection, drafts) is left out there and lives in the browser.
Datetimes are aware. `icon` is a lucide name and `colour` one of COLOURS: an adapter's `can` declares both.
"""

from __future__ import annotations

from hub.web.views.frame import (
    DemoRole,
    ErrorPage,
    FirstRunPage,
    LoginPage,
    Me,
    Named,
    Person,
    Scope,
    Shell,
    View,
)
from hub.web.views.lists import (
    COLOURS,
    ChannelMark,
    Choice,
    Direction,
    Found,
    ListPane,
    ListView,
    Row,
    RowView,
    SearchPage,
    State,
)
from hub.web.views.messages import Attachment, Delivery, DeliveryState, Message, MessageView
from hub.web.views.thread import (
    Card,
    CardFact,
    CardView,
    Composer,
    ContactAddress,
    Draft,
    Head,
    HeadView,
    InboxPage,
    Line,
    Past,
    ThreadPane,
    ThreadView,
)
from hub.web.views.why import Candidate, Decision, Looked, RuleRow, WhyPage

__all__ = [
    "COLOURS",
    "Attachment",
    "Candidate",
    "Card",
    "CardFact",
    "CardView",
    "ChannelMark",
    "Choice",
    "Composer",
    "ContactAddress",
    "Decision",
    "Delivery",
    "DeliveryState",
    "DemoRole",
    "Direction",
    "Draft",
    "ErrorPage",
    "FirstRunPage",
    "Found",
    "Head",
    "HeadView",
    "InboxPage",
    "Line",
    "ListPane",
    "ListView",
    "LoginPage",
    "Looked",
    "Me",
    "Message",
    "MessageView",
    "Named",
    "Past",
    "Person",
    "Row",
    "RowView",
    "RuleRow",
    "Scope",
    "SearchPage",
    "Shell",
    "State",
    "ThreadPane",
    "ThreadView",
    "View",
    "WhyPage",
]
