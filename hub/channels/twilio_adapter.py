"""What the kinds that speak in messages over Twilio have in common, as an adapter without a kind."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from hub.channels import phone, twilio, twilio_form, twilio_messaging, twilio_sending
from hub.channels.base import Adapter, Answered, BeforeWire, Fetching, Posted, Raw, ToCopy, Tried
from hub.channels.facts import AnyFact
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.texts import _


class TwilioMessages(Adapter):
    """Signed webhooks in, the Messages resource out (https://www.twilio.com/docs/messaging).

    `scheme` stands before every number of the kind on the wire; `most_files` ride along in one message.
    """

    address = twilio_form.NUMBER
    scheme: ClassVar[str] = ""
    most_files: ClassVar[int] = 10

    def genuine(self, posted: Posted, line: Line) -> Raw:
        """Signed by Twilio for this line. Raises Forged."""
        return twilio.genuine(posted, line)

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived (with OptedOut or OptedIn for a bare word), DeliveryReported, Ignored or Unreadable."""
        return twilio_messaging.read(raw, line)

    def answer(self, facts: list[AnyFact], line: Line) -> Answered:
        """An empty `<Response/>`: what we have to say leaves by the road out."""
        return twilio.NOTHING_TO_SAY

    def fetching(self, url: str, line: Line) -> Fetching:
        """Media lies on the account's own API host."""
        return twilio.fetching(url, line)

    async def missed(self, line: Line, since: datetime) -> list[Raw]:
        """Messages and final states whose webhooks were lost."""
        return await twilio_sending.missed(line, since, prefix=self.scheme)

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Hand one message to Twilio. Raises the errors of channels/errors.py."""
        return await twilio_sending.send(
            outgoing, line, before_wire, prefix=self.scheme, most_files=self.most_files
        )

    async def check(self, line: Line) -> list[Tried]:
        """Sign in at Twilio."""
        return await twilio_form.signed_in(line)

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """Where Twilio tells us of a message."""
        return [ToCopy(_("At Twilio, the number's “A message comes in” (POST)"), f"{base_url}/in/{line.key}")]

    def normalised(self, typed: str) -> str:
        """The key of a number. Raises ValueError."""
        return phone.normalised(typed)

    async def close(self) -> None:
        """Close the connections to Twilio."""
        await twilio.close()
