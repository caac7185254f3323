"""What every adapter is: it declares what its channel can do, parses arrivals, and sends.

The base class refuses everything, so that a capability is always something an adapter said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from hub.channels.courier import Courier
from hub.channels.errors import Misconfigured
from hub.channels.facts import AnyFact
from hub.channels.fields import ADDRESS, Field
from hub.channels.moves import AnyMove, Dial
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.errors import BadInput

if TYPE_CHECKING:  # the children that only parse load no HTTP client
    from hub.plumbing.oauth import App


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """One arrival as it came: the bytes, and what the door knew of it.

    `envelope`: for mail `{"mail_from", "rcpt_to", "peer", "door"}`, for webhooks `{"url", "headers"}`.
    """

    body: bytes
    envelope: dict[str, str] = {}


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a provider to `/in/{channel_key}/{rest}`. `urls`: how the provider may have called it.

    The public address comes first, the one we saw ourselves after it; header names are in lower case.
    """

    urls: tuple[str, ...]
    rest: str
    headers: dict[str, str]
    body: bytes


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider gets back; `body` is text in `type`."""

    status: int = 200
    type: str = "text/plain"
    body: str = ""


class Forged(Exception):
    """A request that its provider did not sign; the door answers 403 and stores nothing."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can carry; composer, docs matrix and fallback are drawn from this.

    `sends`: an agent may write on it; `calls`: they may speak. `attachment_limit` in bytes,
    `attachment_types` the accepted types or their beginnings ("image/"), empty for any. `text_limit` in
    characters, 0 for none. `parts`, `pages`: what a text is counted in (`Adapter.measure` counts parts). `cost`:
    about how much one message, part or page costs, in euro cents, only to compare ways. `delivery_reports`: the
    provider says when it arrived; `report_minutes`: without such a report after so long, another way is better,
    0 waits for ever. `window_hours`: free text only so long after the person last wrote there;
    `approved_texts` pass always.
    `report_hours`: without a report for so long, what was sent counts as perhaps sent, 0 for never. `reached_as`:
    the type of the line's own address where that is not the type of its customers' addresses. `patterns`: an
    admin may teach a line how the mails it reads look. `logged`: an agent writes down what was said elsewhere.
    `form`: strangers write in a form of ours, on the sites the line names. `strangers`: whoever writes is nobody
    until the site says who, so that it warns nobody.
    """

    address_type: str
    icon: str
    colour: str
    live: bool = False
    sends: bool = True
    calls: bool = False
    subject: bool = False
    html: bool = False
    cc: bool = False
    attachments: bool = False
    attachment_limit: int = 0
    attachment_types: tuple[str, ...] = ()
    text_limit: int = 0
    parts: bool = False
    pages: bool = False
    cost: float = 0.0
    delivery_reports: bool = False
    report_minutes: int = 0
    report_hours: int = 0
    reached_as: str = ""
    patterns: bool = False
    logged: bool = False
    form: bool = False
    strangers: bool = False
    read_reports: bool = False
    window_hours: int = 0
    approved_texts: bool = False

    @property
    def own_type(self) -> str:
        """The type of the address under which a line of this kind is itself reached."""
        return self.reached_as or self.address_type


class Fetching(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider's file is fetched: what authorises us, and hosts that may stand inside (the operator's wish)."""

    headers: dict[str, str] = {}
    allowed_hosts: tuple[str, ...] = ()


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """How long a text is where it is counted in parts: `units` used in all, `left` in the last part."""

    parts: int
    units: int
    encoding: str
    left: int


class Bound(msgspec.Struct, frozen=True):
    """At most `most` arrivals in `seconds` for whatever `name` names on a line."""

    name: str
    most: int
    seconds: int


class Tried(msgspec.Struct, frozen=True):
    """One step of a real trial: the `way` it concerns, "in" or "out", what was tried, and what is wrong or ""."""

    way: str
    step: str
    trouble: str


class ToCopy(msgspec.Struct, frozen=True):
    """Something an operator sets on the other side: what it is called there, and what to paste.

    `wakes`: something arrives once it is set, so that the page may wait for it.
    """

    label: str
    text: str
    wakes: bool = True


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A text its provider approved; `provider_id` is the provider's own name of it."""

    name: str
    language: str
    body: str
    provider_id: str


BeforeWire = Callable[[], Awaitable[float]]
"""Commits that the send begins; until when (monotonic clock) its content may be put on the wire."""


class Adapter:
    """One kind of channel. `parse` is pure; `send` speaks to the provider.

    `title` (a msgid) names the kind, `address` is where a line is reached and `form` what else whoever connects one
    sets: page, API and command line are drawn from these.
    """

    kind: ClassVar[str]
    can: ClassVar[Capabilities]
    title: ClassVar[str] = ""
    address: ClassVar[Field] = ADDRESS
    form: ClassVar[tuple[Field, ...]] = ()

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """What is to be set at the provider or on one's own pages; `base_url` without a trailing slash."""
        return []

    def sign_in(self, line: Line) -> App | None:
        """The app a person signs this line in with in their browser, None where nobody does. Raises BadInput."""
        return None

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """Facts understood of one raw arrival; never raises for bad content: that is an Unreadable fact."""
        raise NotImplementedError(f"{self.kind} receives nothing")

    def genuine(self, posted: Posted, line: Line) -> Raw:
        """A provider's request, its signature checked, as the raw arrival to keep (no secret in its envelope).

        Raises Forged.
        """
        raise Forged(f"{self.kind} takes no requests")

    def takes(self, raw: Raw, line: Line) -> bool:
        """Whether this mail is for the line whatever address it was sent to; looks at the header alone, pure."""
        return False

    def bounds(self, facts: list[AnyFact]) -> list[Bound]:
        """How often the like of this may be stored on one line; more is answered 429, and nothing stored."""
        return []

    def answer(self, facts: list[AnyFact], line: Line) -> Answered:
        """What the provider gets back once the facts are stored; pure."""
        return Answered()

    def say(self, move: AnyMove, line: Line) -> Answered:
        """The next step of a call, in the provider's words; pure."""
        raise NotImplementedError(f"{self.kind} has no calls")

    async def dial(self, wanted: Dial, line: Line) -> str:
        """Ring an agent's telephone to begin a call; the provider's id of it.

        Raises the errors of channels/errors.py and nothing else.
        """
        raise Misconfigured(f"{self.kind} cannot call")

    async def hang_up(self, provider_id: str, line: Line) -> None:
        """End a call that is under way; one that is over already is fine. Raises as `dial`."""
        raise Misconfigured(f"{self.kind} cannot call")

    def worded(self, details: dict[str, Any]) -> list[str]:
        """What only this kind knows of a message, in short lines for its bubble, in the language being spoken."""
        return []

    def measure(self, text: str) -> Measured | None:
        """Parts and encoding of a text, where it is counted in parts; else None."""
        return None

    def fetching(self, url: str, line: Line) -> Fetching:
        """How a file of `MessageReceived.media` is fetched. Raises BadInput for a place that is not the provider's."""
        raise BadInput(f"{self.kind} keeps no files", field="url")

    async def missed(self, line: Line, since: datetime) -> list[Raw]:
        """What the provider has since then, as it would have told us; what was told already does no harm.

        Raises the errors of channels/errors.py.
        """
        return []

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Hand over one message. Awaits `before_wire()` just before the content goes on the wire.

        Where more is said between the two, the content waits for it no longer than `before_wire` allowed.
        Raises the errors of channels/errors.py and nothing else.
        """
        raise Misconfigured(f"{self.kind} cannot send")

    def bulk(self, line: Line) -> Courier | None:
        """The line's way of sending to many; None where each message goes by `send`."""
        return None

    async def check(self, line: Line) -> list[Tried]:
        """Try the line for real, a step for each way it has."""
        return []

    async def hooks(self, line: Line, base_url: str) -> list[Tried]:
        """Whether the provider calls us where `to_copy` says, a step each, where it can be asked."""
        return []

    async def set_hooks(self, line: Line, base_url: str) -> None:
        """Set there what `hooks` looks at. Raises the errors of channels/errors.py."""
        raise Misconfigured(f"{self.kind} sets nothing at its provider")

    async def approved(self, line: Line) -> list[Wording]:
        """The texts the provider approved. Raises the errors of channels/errors.py."""
        raise Misconfigured(f"{self.kind} has no list of approved texts")

    def normalised(self, typed: str) -> str:
        """An address a person typed, as its row is named. Raises ValueError for what cannot be one."""
        if not typed or len(typed) > 320:
            raise ValueError(f"not an address of {self.kind}")
        return typed

    def does(self, name: str) -> bool:
        """Whether this kind has its own way of doing what the base class refuses, or leaves undone."""
        return getattr(type(self), name) is not getattr(Adapter, name)

    async def close(self) -> None:
        """Give back pooled connections."""
