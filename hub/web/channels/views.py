"""What the pages of the lines are told."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.channels.base import ToCopy
from hub.conversations.approved import ApprovedText
from hub.web.views import ChannelMark, View


class FieldView(View, frozen=True, kw_only=True):
    """One field of a form. `type` as declared; `stored`: a secret that is there and not shown."""

    name: str
    label: str
    hint: str
    type: str
    value: str
    options: list[tuple[str, str]] | None = None
    chosen: list[str] = msgspec.field(default_factory=list)
    secret: bool = False
    stored: bool = False
    required: bool = False
    error: str = ""


class PartView(View, frozen=True, kw_only=True):
    """Fields under one heading. `folded`: out of sight until somebody looks."""

    title: str
    fields: list[FieldView]
    folded: bool = False


class LineView(View, frozen=True, kw_only=True):
    """One line in the list. `way_in`, `way_out`: what is wrong, "" for nothing. `leaves`: we speak there."""

    id: int
    mark: ChannelMark
    name: str
    address: str
    team: str
    enabled: bool
    leaves: bool
    health: str
    way_in: str
    way_out: str
    heard_at: datetime | None
    sent_at: datetime | None


class StepView(View, frozen=True, kw_only=True):
    """One thing that must work. `state`: done, failed, waiting (for somebody to do something) or open."""

    state: str
    title: str
    text: str = ""
    at: datetime | None = None
    link: str = ""


class StepsView(View, frozen=True, kw_only=True):
    """All of them, as the page and its live part draw them; `tried_at`: when somebody tried it last."""

    steps: list[StepView]
    tried_at: datetime | None = None


class ChannelsPage(View, frozen=True, kw_only=True):
    """GET /admin/channels."""

    lines: list[LineView]


class KindView(View, frozen=True, kw_only=True):
    """A kind to choose."""

    kind: str
    mark: ChannelMark


class KindsPage(View, frozen=True, kw_only=True):
    """GET /admin/channels/new."""

    kinds: list[KindView]


class ChannelPage(View, frozen=True, kw_only=True):
    """One line: what it is asked, and whether it works. `id` None: it is being made.

    `trial`: the id of a test on its way. `can_send`: a test may be sent on it. `sign_in`: whom a person signs it in
    with, `signing` where their browser goes on. `patterns`: its mails may be taught. `texts`: it has approved
    texts. `sets_hooks`: we can set our addresses at its provider.
    """

    id: int | None
    kind: str
    mark: ChannelMark
    title: str
    name: str
    address: FieldView
    also: FieldView | None
    team: str
    teams: list[tuple[str, str]]
    parts: list[PartView]
    enabled: bool = True
    steps: StepsView | None = None
    to_copy: list[ToCopy] = msgspec.field(default_factory=list)
    trial: int | None = None
    trial_to: str = ""
    can_send: bool = False
    sign_in: str = ""
    signed_in: bool = False
    signing: str = ""
    patterns: bool = False
    texts: bool = False
    sets_hooks: bool = False
    done: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class TextsPage(View, frozen=True, kw_only=True):
    """GET /admin/channels/{id}/texts. `listed_there`: the provider can be asked for them."""

    channel: int
    name: str
    texts: list[ApprovedText]
    listed_there: bool
    given: dict[str, str] = msgspec.field(default_factory=dict)
    done: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)
