"""What a layout, a way out and a gateway are: the shapes of the data in gateways.py and programs.py."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["received", "failed", "error", "delivered", "undelivered", "delayed"]
"""Of a fax to us: received, failed (nothing came), error (a part came). Of ours: delivered, undelivered, delayed."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One layout. A mail has it when one `subject` fits and, if given, one line begins with a `sign`.

    `body` templates then fill what the subject left open. `caller_doubtful`: the caller's number may be what
    their machine says of itself (CSID).
    """

    state: State
    subject: tuple[str, ...]
    sign: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    caller_doubtful: bool = False


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a fax is handed over by mail. `{e164}` `{e164_noplus}` `{national}` `{domain}` `{own}` `{title}`.

    `cover`: ours (a sheet we draw), text (only the words), gateway (the words travel in the mail and the
    gateway makes its own sheet). `body`: what the mail says when the words are on our sheet.
    """

    to: str
    subject: str = "{title}"
    cover: Literal["ours", "text", "gateway"] = "ours"
    body: str = ""
    form: Literal["pdf", "tiff"] = "pdf"
    most_bytes: int = 10_000_000


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A service or program. `domains`: where its own mails come from; empty for a program of one's own.

    `country_code`: its numbers begin with the country code, without a plus.
    """

    name: str
    title: str
    domains: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    way: Way | None = None
    country_code: bool = False


REPORTED = (
    "To: {to}",
    "Fax number: {to}",
    "Destination: {to}",
    "Recipient: {to}",
    "Reason: {reason}",
    "Error: {reason}",
    "Status: {reason}",
    "Result: {reason}",
    "Subject: {subject}",
)
"""Labels that most report mails share."""
