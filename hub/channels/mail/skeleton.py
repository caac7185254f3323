"""The bytes of one message to many: what is the same for all is written once, what is personal is put in between.

RFC 5322, 2045–2047; the unsubscribe headers are those of RFC 2369 and 8058, which Gmail and Yahoo ask of who sends
to many. `Feedback-ID` groups complaints at Gmail. No `Precedence`: the message is from one person to another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

import msgspec

from hub.channels.facts import Party
from hub.channels.mail.encoding import encoded_name, encoded_text, folded_ids, header_line
from hub.channels.mail.parties import party, safe_address
from hub.channels.mail.quoted_printable import ended

_URL = re.compile(r"https?://[!-;=?-~]{1,900}")
_FEEDBACK = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
# `=_` stands in no quoted-printable text, so no content holds the boundary.
_BOUNDARY = "=_dialogo.a"


class ToWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What is personal about one message, beside its words. `unsubscribe_url`: "" for a message that needs none."""

    recipient: Party
    message_id: str
    date: datetime
    reply_address: str = ""
    unsubscribe_url: str = ""


class Skeleton(msgspec.Struct, frozen=True):
    """The fixed parts of one sender's messages, between the personal pieces."""

    before_reply: str
    after_reply: str
    before_to: str
    before_bodies: str
    between_bodies: tuple[bytes, ...]

    @classmethod
    def of(cls, sender: Party, kinds: Sequence[str], *, feedback_id: str = "") -> Skeleton:
        """`kinds`: what each has, ("plain", "html"), or one of them. Raises ValueError for an address that is none."""
        if feedback_id and not _FEEDBACK.fullmatch(feedback_id):
            raise ValueError(f"not a Feedback-ID: {feedback_id[:100]!r}")
        fixed = header_line("Feedback-ID", feedback_id) if feedback_id else ""
        heads = [
            f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            for kind in kinds
        ]
        start = heads[0]
        between = tuple("" for _head in heads)
        if len(heads) > 1:
            mark = f"--{_BOUNDARY}"
            start = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n{mark}\r\n{heads[0]}'
            between = (*(f"{mark}\r\n{head}" for head in heads[1:]), f"{mark}--\r\n")
        # The reply address shows the same name.
        name = encoded_name(sender.name)
        return cls(
            before_reply=f"Reply-To: {name} <" if name else "Reply-To: ",
            after_reply=">\r\n" if name else "\r\n",
            before_to=header_line("From", party(sender)) + "To: ",
            before_bodies=f"{fixed}MIME-Version: 1.0\r\n{start}",
            between_bodies=tuple(one.encode("ascii") for one in between),
        )

    def write(self, one: ToWrite, subject: str, bodies: Sequence[list[bytes]]) -> bytes:
        """The whole mail; `bodies` are lists of pieces (quoted_printable.piece), one for each of its kinds.

        Raises ValueError for an address, id or link that cannot stand in a header.
        """
        identity = folded_ids((one.message_id,))
        reply, stop = one.reply_address, one.unsubscribe_url
        head = (
            f"{self.before_to}{party(one.recipient)}\r\n"
            f"{self.before_reply + safe_address(reply) + self.after_reply if reply else ''}"
            f"Subject: {encoded_text(subject)}\r\nDate: {_date(one.date.replace(microsecond=0))}\r\n"
            # Some relays (Amazon SES, Exchange) put their own Message-ID in place of ours.
            f"Message-ID: {identity}\r\nX-Dialogo-Id: {identity}\r\n"
            f"{unsubscribe_headers(stop) if stop else ''}{self.before_bodies}"
        )
        pieces = [head.encode("ascii")]
        for written, after in zip(bodies, self.between_bodies, strict=True):
            pieces += ended(written)
            pieces.append(after)
        return b"".join(pieces)  # once: to copy so much costs more than to write it


def unsubscribe_headers(url: str) -> str:
    """Both header lines: the page, and that one POST to it is enough. Raises ValueError for what is no link."""
    if not _URL.fullmatch(url):
        raise ValueError(f"not a link: {url[:100]!r}")
    return f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


@lru_cache(maxsize=16)
def _date(at: datetime) -> str:
    return format_datetime(at)
