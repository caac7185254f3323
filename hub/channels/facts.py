"""The closed vocabulary of what a channel can tell us: facts, in the past tense.

An adapter's `parse` turns one raw arrival into a list of these and does nothing else. `to_json` is the
public shape printed by `hub normalize` and kept with the arrival.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Party(msgspec.Struct, frozen=True, omit_defaults=False):
    """One end of a message: a normalised address and the name it travelled with (may be empty)."""

    address: str
    name: str = ""


class Attached(msgspec.Struct, frozen=True):
    """One file of a message. `size` in bytes, `sha256` in hex; `content` never goes into JSON.

    `pages`: of a document whose pages are shown as pictures, 0 for any other file.
    """

    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""
    content: bytes = b""
    pages: int = 0


class Media(msgspec.Struct, frozen=True):
    """A file the provider keeps for us: a job fetches it after the commit. `type` is what the provider says."""

    url: str
    type: str = ""
    name: str = ""


class Fact(msgspec.Struct, frozen=True, tag_field="fact", kw_only=True):
    """Base of all facts. `key` is the idempotency key the adapter names (INVARIANTS §3)."""

    key: str = ""


class MessageReceived(Fact, frozen=True, tag=True, kw_only=True):
    """A person, or a machine, said something to us.

    `text` is the whole readable body, `new_text` what is new in a reply, `html` the uncleaned HTML body or
    empty. `date` is what the sender claims. `automatic`: RFC 3834, lists, daemons. `bulk`: lists and
    newsletters. `verified`: our own MTA says the From is genuine. `proof`: a token of ours found in a
    recipient address, still to be verified by conversations/threading. `reached`: the address on which we
    were reached (envelope recipient). `media`: files still to be fetched. `thread`: the session, call or job
    this belongs to, proven by the channel itself (a chat session, a fax report's number); "" for none.
    `details`: what only this kind knows, plain values under the kind's own word, as `{"fax": {"pages": 3}}`.
    `address_type`: of the sender's address, where a channel knows people by several; "" for the channel's own.
    `claims`: what they typed of themselves, type → value: it suggests, never resolves. `new_matter`: whoever
    wrote it down says that it belongs to nothing before it.
    """

    external_id: str = ""
    sender: Party
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    subject: str = ""
    text: str = ""
    new_text: str = ""
    html: str = ""
    date: datetime | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = False
    attachments: tuple[Attached, ...] = ()
    bulk: bool = False
    out_of_office: bool = False
    verified: bool = False
    warnings: tuple[str, ...] = ()
    reached: str = ""
    proof: str = ""
    media: tuple[Media, ...] = ()
    thread: str = ""
    details: dict[str, Any] = {}
    address_type: str = ""
    claims: dict[str, str] = {}
    new_matter: bool = False


class DeliveryReported(Fact, frozen=True, tag=True, kw_only=True):
    """A provider or mail server told what became of something we sent.

    `state`: delivered, delayed, failed, relayed, expanded, read, complained. `permanent`: trying again is
    useless. `token` is our own token when the report carries it (envelope sender, callback URL);
    `message_id` the Message-ID of what we sent, `provider_id` the provider's id. `dead`: the address itself
    will never work, `only_here`: on this kind of channel alone; `opted_out`: the person had asked the carrier
    to stop. `by_recipient`: its sender is proven and may have kept nothing of ours: the only thing waiting for
    `recipient` on this line is meant.
    `retry_minutes`: the failure may pass, and one more try after so long is worth it; 0 for none.
    """

    state: str
    recipient: str = ""
    permanent: bool = False
    status_code: str = ""
    reason: str = ""
    message_id: str = ""
    provider_id: str = ""
    token: str = ""
    dead: bool = False
    only_here: bool = False
    opted_out: bool = False
    by_recipient: bool = False
    retry_minutes: int = 0


class CallChanged(Fact, frozen=True, tag=True, kw_only=True):
    """A telephone call moved on by one step, and the provider may be waiting to be told what to do next.

    `step`: rang (somebody calls us), picked_up (an agent's telephone), pressed (a key), answered (the customer
    we called), dialled (a ringing is over), waited (a turn in the queue), left (a message was recorded),
    recorded, transcribed, ended. `call` is the provider's id of the whole call, `leg` of the part this step is
    about. `token` and `n` are our own, from the address the provider called. `state`: queued, ringing,
    in_progress, completed, busy, no_answer, failed, canceled, or "" as unknown; for a dialled step, how the
    ringing ended. `digits`: the keys. `seconds`: how long. `recording`: the provider's id of it. `said` is what
    becomes a message: a ring, a voicemail, a recording.
    """

    step: str
    call: str
    leg: str = ""
    state: str = ""
    direction: str = "in"
    caller: Party
    called: str = ""
    digits: str = ""
    seconds: int | None = None
    recording: str = ""
    recording_url: str = ""
    transcript: str = ""
    token: str = ""
    n: int = 0
    said: MessageReceived | None = None


class OptedOut(Fact, frozen=True, tag=True, kw_only=True):
    """A person said stop on this channel. `word` is what they wrote, `source` how we know: word, provider."""

    sender: Party
    word: str = ""
    source: str = "word"


class OptedIn(Fact, frozen=True, tag=True, kw_only=True):
    """A person asked to hear from us again on this channel; fields as OptedOut's."""

    sender: Party
    word: str = ""
    source: str = "word"


class TypingSeen(Fact, frozen=True, tag=True, kw_only=True):
    """A person is writing to us at this moment: a signal to open pages, stored nowhere. `thread`: the session."""

    sender: Party
    thread: str = ""


class Ignored(Fact, frozen=True, tag=True, kw_only=True):
    """Understood, and of no use to us; `reason` says why."""

    reason: str


class Unreadable(Fact, frozen=True, tag=True, kw_only=True):
    """Could not be understood; the raw arrival goes to the quarantine with this reason."""

    reason: str


AnyFact = (
    MessageReceived | DeliveryReported | CallChanged | OptedOut | OptedIn | TypingSeen | Ignored | Unreadable
)

_ALWAYS_INTERNAL = (
    "key",
    "bulk",
    "out_of_office",
    "verified",
    "warnings",
    "reached",
    "proof",
    "token",
    "provider_id",
    "media",
    "thread",
    "details",
    "address_type",
    "claims",
    "new_matter",
    "dead",
    "only_here",
    "opted_out",
    "by_recipient",
    "retry_minutes",
    "said",
    "n",
)


def message_of(fact: AnyFact) -> MessageReceived | None:
    """What a fact says to us, if anything: itself, or the message a call brings along."""
    if isinstance(fact, CallChanged):
        return fact.said
    return fact if isinstance(fact, MessageReceived) else None


def to_json(fact: AnyFact, *, file: str = "") -> dict[str, Any]:
    """The public shape of a fact, as `hub normalize` prints it: `{"file", "fact", …}` of plain values.

    A file the provider still keeps stands among the attachments with its `url`, of size 0.
    """
    plain: dict[str, Any] = msgspec.to_builtins(fact)
    details: dict[str, Any] = plain.get("details", {})
    media: list[dict[str, str]] = plain.get("media", [])
    for name in _ALWAYS_INTERNAL:
        plain.pop(name, None)
    if "caller" in plain:
        plain["from"] = plain.pop("caller")
    if "sender" in plain:
        plain["from"] = plain.pop("sender")
        for part in plain.get("attachments", ()):
            part.pop("content", None)
            part.pop("pages", None)
    if media:
        unknown = {"size": 0, "sha256": "", "inline": False, "content_id": ""}
        plain["attachments"] = [*plain["attachments"], *(one | unknown for one in media)]
    kind = plain.pop("fact")
    ordered = {"fact": kind} | {name: plain[name] for name in _order(plain)} | details
    return ({"file": file} | ordered) if file else ordered


def _order(plain: dict[str, Any]) -> list[str]:
    first = [name for name in ("external_id", "from") if name in plain]
    return first + [name for name in plain if name not in first]
