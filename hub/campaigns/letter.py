"""The bytes of a campaign's mails: wordings compiled in quoted-printable once, each person's values put in between.

What leaves is, decoded, letter for letter what `rendering.render` shows of the same values, but for links that are
counted (campaigns/links) and the picture that tells of an opened mail.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from hub.campaigns import links, tracking
from hub.campaigns.rendering import Content, digest, subject_line
from hub.campaigns.wording import Texts, compiled, quoted
from hub.channels.facts import Party
from hub.channels.mail.quoted_printable import piece, plain
from hub.channels.mail.skeleton import Skeleton, ToWrite
from hub.customers.variables import Value, Values
from hub.plumbing.crypto import Crypto
from hub.plumbing.sandbox import Wording
from hub.plumbing.sandbox_values import ready

_PIXEL = '<img src="{}" width="1" height="1" alt="">'
_OPENED = -1  # in place of a link's number
_PLACE = f"https://link.invalid/{secrets.token_hex(8)}"  # nobody's name or wording holds it


class Incomplete(ValueError):
    """A message in which a variable has no value; `names` are those."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"nothing is known for {', '.join(names)}")
        self.names = names


class Changed(ValueError):
    """A message that is not letter for letter the one that was approved."""


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of a message: its links by number (tracking.keep_links), and whether somebody opens it."""

    base_url: str
    crypto: Crypto
    links: Mapping[str, int] = {}
    opens: bool = False


class Counted(msgspec.Struct, frozen=True):
    """One counted link of a body: the piece that stands for it until we know whose it is, and as it was written."""

    n: int
    place: str
    written: str


class Body(msgspec.Struct, frozen=True):
    """One form of the message; `places`: what each variable of a counted link is filled with.

    `counted`: those links by the piece that stands for them.
    """

    wording: Wording
    places: dict[str, Value]
    counted: dict[str, Counted]

    def shown(self, pieces: Sequence[str]) -> bytes:
        """What was approved of it: the links as they were written."""
        if self.counted:
            pieces = [self.counted[one].written if one in self.counted else one for one in pieces]
        return b"".join([_both(one)[1] for one in pieces])

    def sent(self, pieces: Sequence[str], counting: Counting | None, recipient_id: int) -> list[bytes]:
        """What leaves: the links that are this recipient's alone."""
        if not self.counted:
            return [_both(one)[0] for one in pieces]
        known = self.counted
        return [
            _of_recipient(known[one], counting, recipient_id).encode("ascii")
            if one in known
            else _both(one)[0]
            for one in pieces
        ]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One step and variant, from one sender, ready to be written to anybody."""

    texts: Texts
    sender: Party
    feedback_id: str
    counting: Counting | None
    subject: Wording
    bodies: dict[str, Body]
    skeleton: Skeleton

    @classmethod
    def of(
        cls, texts: Texts, sender: Party, *, feedback_id: str = "", counting: Counting | None = None
    ) -> Letter:
        """`counting`: None where nothing is counted. Raises Misworded, and ValueError for a sender that is none."""
        sources = {"plain": texts.text, "html": texts.html}
        kinds = [kind for kind, source in sources.items() if source] or ["plain"]
        return cls(
            texts=texts,
            sender=sender,
            feedback_id=feedback_id,
            counting=counting,
            subject=compiled(texts.subject),
            bodies={kind: _body(sources[kind], kind == "html", counting) for kind in kinds},
            skeleton=Skeleton.of(sender, kinds, feedback_id=feedback_id),
        )

    def write(
        self, values: Values, to: ToWrite, *, recipient_id: int = 0, approved: bytes | None = None
    ) -> bytes:
        """The whole mail in CRLF, no line of it beginning with a dot. `recipient_id` signs what is counted.

        `approved`: the hash of what was approved (Content.hash); None: whatever it says. Raises Incomplete for a
        variable without value or default, Changed when it says anything else, ValueError for what no header carries.
        """
        given = ready(values)
        if to.unsubscribe_url:
            given["unsubscribe.link"] = to.unsubscribe_url
        subject = self.subject.fill(given)
        missing, said = list(subject.missing), {}
        for kind, body in self.bodies.items():
            said[kind], lacking = body.wording.pieces({**given, **body.places} if body.places else given)
            missing += lacking
        if missing:
            raise Incomplete(list(dict.fromkeys(missing)))
        line = subject_line(subject.text)
        if approved is not None and self._hash(line, said, given) != approved:
            raise Changed("it is no longer what was approved")
        return self.skeleton.write(
            to,
            line,
            [body.sent(said[kind], self.counting, recipient_id) for kind, body in self.bodies.items()],
        )

    def write_own(self, content: Content, to: ToWrite) -> bytes:
        """The mail of somebody whose words were written for them alone; nothing in it is counted."""
        if content.missing:
            raise Incomplete(list(content.missing))
        said = {kind: text for kind, text in (("plain", content.text), ("html", content.html)) if text}
        said = said or {"plain": ""}
        skeleton = self.skeleton
        if said.keys() != self.bodies.keys():
            skeleton = Skeleton.of(self.sender, list(said), feedback_id=self.feedback_id)
        return skeleton.write(to, content.subject, [[piece(text).encode("ascii")] for text in said.values()])

    def _hash(self, subject: str, said: Mapping[str, Sequence[str]], values: Values) -> bytes:
        """Content.hash of the same, without rendering it a second time."""
        text, html = (
            self.bodies[kind].shown(said[kind]) if kind in said else b"" for kind in ("plain", "html")
        )
        short = compiled(self.texts.short).fill(values).text.encode() if self.texts.short else text
        blanks = {
            name: subject_line(compiled(one).fill(values).text)
            for name, one in self.texts.approved_variables.items()
        }
        return digest([subject.encode(), text, html, short], blanks)


@lru_cache(maxsize=8192)
def _both(piece: str) -> tuple[bytes, bytes]:
    """A piece as it leaves, and the text it says. A wording's own words come again with every letter."""
    return piece.encode("ascii"), plain(piece)


def _body(source: str, html: bool, counting: Counting | None) -> Body:
    marks: list[links.Mark] = []
    if counting is not None:
        source, marks = links.counted(source, counting.links, html=html)
        if html and counting.opens:
            marks.append(links.Mark("link.open", _OPENED, ""))
            before, end, after = source.rpartition("</body>")
            source = before + "{{ link.open }}" + end + after if end else source + "{{ link.open }}"
    places: dict[str, Value] = {one.name: f"{_PLACE}/{number}" for number, one in enumerate(marks)}
    counted = [Counted(one.n, piece(str(places[one.name])), piece(one.written)) for one in marks]
    return Body(quoted(source, html=html), places, {one.place: one for one in counted})


def _of_recipient(one: Counted, counting: Counting | None, recipient_id: int) -> str:
    if counting is None or not recipient_id:
        return one.written
    if one.n == _OPENED:
        return piece(_PIXEL.format(tracking.open_url(counting.base_url, counting.crypto, recipient_id)))
    return piece(tracking.link_url(counting.base_url, counting.crypto, recipient_id, one.n))
