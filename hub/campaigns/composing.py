"""A campaign's recipient becomes what leaves: the approved words, from who signs, checked against what was approved.

What is the same for all of a step and sender is prepared once a process (`Composer`); the rest is a person's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.campaigns import steps, tracking
from hub.campaigns.letter import Changed, Counting, Incomplete, Letter
from hub.campaigns.rendering import Content, render
from hub.campaigns.wording import Texts
from hub.channels.errors import Misconfigured, Rejected, Unreachable
from hub.channels.facts import Party
from hub.channels.mail.skeleton import ToWrite
from hub.channels.mail.tokens import bounce_address, reply_address
from hub.channels.outgoing import Approved, Line, Outgoing
from hub.channels.registry import adapter
from hub.conversations import approved
from hub.conversations.composing import marked, sender_name
from hub.customers import preferences
from hub.customers.variables import Value
from hub.deliveries.claiming import Claimed
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import N_

MOST_PREPARED = 500
REPLY = "campaign"
"""The purpose of the signature in the address an answer goes to; it names the recipient."""


class Person(msgspec.Struct, frozen=True, gc=False):
    """What was planned for one recipient, as sending needs it."""

    id: int
    campaign_id: int
    step: int
    variant: str
    text_version: int
    sender_id: int | None
    address_id: int | None
    language: str | None
    variables: dict[str, Value] | None
    own: dict[str, str] | None
    hash: bytes | None
    name: str
    root_id: int | None
    opens: bool = False


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """One step and variant of one sender on one line. `letters`: without and with the picture for opens."""

    texts: Texts
    sender: Party
    letters: tuple[Letter, Letter] | None
    approved_id: str


Key = tuple[Any, ...]


class Composer:
    """Composes for one process; what it prepared is kept, because an approved text never changes."""

    def __init__(self, crypto: Crypto, base_url: str) -> None:
        self.crypto = crypto
        self.base_url = base_url
        self._prepared: dict[Key, Prepared] = {}

    async def people(
        self, tx: Tx, line: Line, claimed: Sequence[Claimed]
    ) -> dict[int, tuple[Person, Prepared]]:
        """By recipient id, what their letters are made of. Raises NotFound when a text is gone."""
        rows = await tx.fetch(
            """
            SELECT r.id, r.campaign_id, r.step, r.variant, r.text_version, r.sender_id, r.address_id, r.language,
                   r.variables, r.own, r.hash, coalesce(c.name, '') AS name, c.root_id,
                   coalesce(g.name, '') AS agent_name, coalesce(g.email, '') AS agent_email,
                   p.track_links, p.track_opens
            FROM unnest($1::bigint[]) AS wanted (id) JOIN recipient r ON r.id = wanted.id
            JOIN campaign p ON p.id = r.campaign_id
            LEFT JOIN contact c ON c.id = r.contact_id LEFT JOIN agent g ON g.id = r.sender_id
            """,
            [one.recipient_id for one in claimed],
        )
        asked = [row["address_id"] for row in rows if row["track_opens"] and row["address_id"]]
        agreed = await preferences.may_see_opens(tx, asked) if asked else set()
        found = {}
        for row in rows:
            opens = bool(row["track_opens"]) and row["address_id"] in agreed
            person = Person(*(*row[:_OF_PERSON], opens))  # its columns are the fields, in this order
            found[person.id] = person, await self._prepare(tx, line, person, row)
        return found

    def letter(self, line: Line, claimed: Claimed, person: Person, prepared: Prepared, at: datetime) -> bytes:
        """The mail's bytes. Raises Rejected when it is not what was approved, or cannot be written.

        Unreachable, to be tried again, for whom became one with somebody else since the claim.
        """
        _must_be_the_same(claimed, person)
        url = self._unsubscribe_url(person)
        if prepared.letters is None:
            raise Misconfigured(N_("this channel cannot write to many"), code="letter")
        to = ToWrite(
            recipient=Party(claimed.recipient, person.name),
            message_id=claimed.message_header,
            date=at,
            reply_address=self._reply_address(line, person),
            unsubscribe_url=url,
        )
        try:
            if person.own:
                return prepared.letters[0].write_own(self._approved_content(person, prepared, url), to)
            return prepared.letters[person.opens].write(
                person.variables or {}, to, recipient_id=person.id, approved=person.hash or b""
            )
        except Changed as error:
            raise Rejected(N_("it is no longer what was approved"), code="changed") from error
        except Incomplete as error:
            raise Rejected(str(error), code="changed") from error
        except (Misworded, ValueError) as error:
            raise Rejected(
                N_("this mail cannot be written: check addresses and subject"), code="build"
            ) from error

    def outgoing(self, line: Line, claimed: Claimed, person: Person, prepared: Prepared) -> Outgoing:
        """The same for channels that take each message by itself. Raises likewise."""
        _must_be_the_same(claimed, person)
        content = self._approved_content(person, prepared, self._unsubscribe_url(person))
        can = adapter(line.kind).can
        return Outgoing(
            token=claimed.token,
            message_id=claimed.message_header,
            recipient=claimed.recipient,
            sender=prepared.sender,
            to=(Party(claimed.recipient, person.name),),
            reply_address=self._reply_address(line, person),
            bounce_address=self.bounce_address(line, claimed),
            subject=content.subject if can.subject else "",
            text=content.said_on(can),
            html=content.html if can.html else "",
            language=person.language or "es",
            report_url=self._report_url(line, claimed) if can.delivery_reports else "",
            approved=Approved(provider_id=prepared.approved_id, variables=content.approved)
            if prepared.approved_id
            else None,
        )

    def bounce_address(self, line: Line, claimed: Claimed) -> str:
        """The envelope sender that tells which delivery came back."""
        return marked(bounce_address, line, self.crypto.sign("bounce", claimed.id))

    def _approved_content(self, person: Person, prepared: Prepared, unsubscribe_url: str) -> Content:
        """Rendered again; what is not letter for letter what somebody approved never leaves."""
        values = {**(person.variables or {}), "unsubscribe.link": unsubscribe_url}
        try:
            content = render(prepared.texts, values, person.own)
        except Misworded as error:
            raise Rejected(str(error), code="changed") from error
        if content.hash != person.hash:
            raise Rejected(N_("it is no longer what was approved"), code="changed")
        return content

    def _unsubscribe_url(self, person: Person) -> str:
        if person.address_id is None:
            return ""
        return preferences.unsubscribe_url(self.base_url, self.crypto, person.address_id, person.id)

    def _reply_address(self, line: Line, person: Person) -> str:
        return marked(reply_address, line, self.crypto.sign(REPLY, person.id))

    def _report_url(self, line: Line, claimed: Claimed) -> str:
        return f"{self.base_url}/in/{line.key}/status/{self.crypto.sign('bounce', claimed.id)}"

    async def _prepare(self, tx: Tx, line: Line, person: Person, row: Any) -> Prepared:
        sender = sender_of(line, row["agent_name"], row["agent_email"])
        key = (
            *(person.campaign_id, person.step, person.variant, person.text_version),
            *(line.id, sender.name, sender.address, row["track_links"]),
        )
        if (known := self._prepared.get(key)) is None:
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            known = self._prepared[key] = await self._made(tx, line, person, sender, row["track_links"])
        return known

    async def _made(self, tx: Tx, line: Line, person: Person, sender: Party, track_links: bool) -> Prepared:
        said = await steps.text(tx, person.campaign_id, person.step, person.variant, person.text_version)
        wording = await approved.load(tx, said.approved_text_id) if said.approved_text_id else None
        numbers = await tracking.links(tx, person.campaign_id, person.step) if track_links else {}
        letters = None
        if adapter(line.kind).can.subject:
            feedback = f"{person.campaign_id}:{person.step}:campaign:dialogo"
            counting = [
                Counting(base_url=self.base_url, crypto=self.crypto, links=numbers, opens=opens)
                if numbers or opens
                else None
                for opens in (False, True)
            ]
            plain, seen = (Letter.of(said, sender, feedback_id=feedback, counting=one) for one in counting)
            letters = (plain, seen)
        return Prepared(
            texts=said,
            sender=sender,
            letters=letters,
            approved_id=wording.provider_id if wording and adapter(line.kind).can.approved_texts else "",
        )


def _must_be_the_same(claimed: Claimed, person: Person) -> None:
    """Raises Unreachable for whom was merged with another since the claim; the next claim decides (holds.ask).

    Of two claims at once, one before the merge and one after it, neither sees what the other took.
    """
    if claimed.root_id is not None and person.root_id != claimed.root_id:
        raise Unreachable(N_("this person was merged with another meanwhile"), code="merged")


def sender_of(line: Line, agent_name: str, agent_email: str) -> Party:
    """Who it comes from: “Ana · Soporte”, by their own address where the line allows it and it is ours."""
    name = sender_name(agent_name or None, line.name)
    own = (
        line.settings.get("from_agents") and agent_email.rpartition("@")[2] == line.address.rpartition("@")[2]
    )
    return Party(agent_email if own and agent_email else line.address, name)


_OF_PERSON = len(Person.__struct_fields__) - 1  # but for `opens`
