"""The bytes of a campaign's mails: wordings compiled in quoted-printable once, each person's values put in between.

What leaves is, decoded, letter for letter what `rendering.render` shows of the same values, but for links that are
counted (campaigns/links) and the picture that tells of an opened mail.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.campaigns import links, tracking
from hub.campaigns.rendering import Content, subject_line
from hub.campaigns.wording import Texts, compiled, quoted
from hub.channels.facts import Party
from hub.channels.mail.quoted_printable import piece
from hub.channels.mail.skeleton import Skeleton, ToWrite
from hub.customers.variables import Value, Values
from hub.plumbing.crypto import Crypto
from hub.plumbing.sandbox import Wording

_PIXEL = '<img src="{{ link.open }}" width="1" height="1" alt="">'


class Incomplete(ValueError):
    """A message in which a variable has no value; `names` are those."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"nothing is known for {', '.join(names)}")
        self.names = names


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of a message: its links by number (tracking.keep_links), and whether somebody opens it."""

    base_url: str
    crypto: Crypto
    links: Mapping[str, int] = {}
    opens: bool = False


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One step and variant, from one sender, ready to be written to anybody."""

    subject: Wording
    bodies: tuple[Wording, ...]
    kinds: tuple[str, ...]
    skeleton: Skeleton
    sender: Party
    feedback_id: str
    counting: Counting | None
    counted: Mapping[str, int]

    @classmethod
    def of(
        cls, texts: Texts, sender: Party, *, feedback_id: str = "", counting: Counting | None = None
    ) -> Letter:
        """`counting`: None where nothing is counted. Raises Misworded, and ValueError for a sender that is none."""
        sources = {"plain": texts.text, "html": texts.html}
        kinds = tuple(kind for kind, source in sources.items() if source) or ("plain",)
        bodies = tuple(_body(sources[kind], kind == "html", counting) for kind in kinds)
        names = {name for one in bodies for name in one.variables}
        return cls(
            subject=compiled(texts.subject),
            bodies=bodies,
            kinds=kinds,
            skeleton=Skeleton.of(sender, kinds, feedback_id=feedback_id),
            sender=sender,
            feedback_id=feedback_id,
            counting=counting,
            counted={
                f"link.n{n}": n
                for n in (counting.links.values() if counting else ())
                if f"link.n{n}" in names
            },
        )

    def write(self, values: Values, to: ToWrite, *, recipient_id: int = 0) -> bytes:
        """The whole mail in CRLF, no line of it beginning with a dot. `recipient_id` signs what is counted.

        Raises Incomplete for a variable without value or default, ValueError for what no header can carry.
        """
        given: dict[str, Value] = dict(values)
        if to.unsubscribe_url:
            given["unsubscribe.link"] = to.unsubscribe_url
        if self.counting is not None and recipient_id:
            for name, n in self.counted.items():
                given[name] = tracking.link_url(self.counting.base_url, self.counting.crypto, recipient_id, n)
            if self.counting.opens:
                given["link.open"] = tracking.open_url(
                    self.counting.base_url, self.counting.crypto, recipient_id
                )
        subject = self.subject.fill(given)
        bodies = [one.fill(given) for one in self.bodies]
        if missing := [name for one in (subject, *bodies) for name in one.missing]:
            raise Incomplete(list(dict.fromkeys(missing)))
        return self.skeleton.write(to, subject_line(subject.text), [one.text for one in bodies])

    def write_own(self, content: Content, to: ToWrite) -> bytes:
        """The mail of somebody whose words were written for them alone; nothing in it is counted."""
        if content.missing:
            raise Incomplete(list(content.missing))
        said = {"plain": content.text, "html": content.html}
        kinds = tuple(kind for kind, text in said.items() if text) or ("plain",)
        skeleton = self.skeleton
        if kinds != self.kinds:
            skeleton = Skeleton.of(self.sender, kinds, feedback_id=self.feedback_id)
        return skeleton.write(to, content.subject, [piece(said[kind]) for kind in kinds])


def _body(source: str, html: bool, counting: Counting | None) -> Wording:
    if counting is not None:
        source = links.counted(source, counting.links, html=html)
        if html and counting.opens:
            end = source.lower().rfind("</body")
            source = source[:end] + _PIXEL + source[end:] if end >= 0 else source + _PIXEL
    return quoted(source, html=html)
