"""Telephone calls over Twilio Voice: requests become facts, moves become TwiML, calls of ours begin over REST."""

from __future__ import annotations

from hub.channels import twilio, twilio_account, twilio_form, twilio_numbers
from hub.channels.base import Adapter, Answered, Capabilities, Fetching, Posted, Raw, ToCopy, Tried
from hub.channels.errors import SendError
from hub.channels.facts import AnyFact
from hub.channels.moves import AnyMove, Dial
from hub.channels.outgoing import Line
from hub.channels.twilio_numbers import Hook
from hub.channels.voice.form import FORM
from hub.channels.voice.parsing import read_facts
from hub.plumbing.texts import N_, _

RING_SECONDS = 25
MOST_SECONDS = 4 * 3600


class VoiceAdapter(Adapter):
    """Twilio Voice (https://www.twilio.com/docs/voice); what our addresses mean is told in README.md."""

    kind = "voice"
    title = N_("Telephone")
    address = twilio_form.NUMBER
    form = FORM
    can = Capabilities(
        address_type="phone",
        icon="phone",
        colour="violet",
        live=True,
        sends=False,
        calls=True,
        cost=2.0,
        reached_as="call",
    )

    def genuine(self, posted: Posted, line: Line) -> Raw:
        """Raises Forged for what the account's tokens did not sign."""
        return twilio.genuine(posted, line)

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """CallChanged, Ignored or Unreadable, one a request; never raises."""
        return read_facts(raw, line)

    def answer(self, facts: list[AnyFact], line: Line) -> Answered:
        """Nothing: what a waiting caller is told comes from the ladder, by `say`."""
        return twilio.NOTHING_TO_SAY

    def say(self, move: AnyMove, line: Line) -> Answered:
        """A move as TwiML."""
        from hub.channels.voice.twiml import twiml  # twilio is large: only who answers calls pays for it

        return Answered(type="text/xml", body=twiml(move, line))

    async def dial(self, wanted: Dial, line: Line) -> str:
        """Ring the agent's telephone; whisper, accept and bridge follow at our addresses."""
        base = f"{wanted.base_url.rstrip('/')}/in/{line.key}"
        made = await twilio.client(line).calls.create_async(
            to=wanted.phone,
            from_=line.address,
            url=f"{base}/whisper/{wanted.leg}",
            method="POST",
            status_callback=f"{base}/status/{wanted.leg}",
            status_callback_method="POST",
            status_callback_event=["completed"],
            timeout=RING_SECONDS,
            time_limit=MOST_SECONDS,
        )
        return str(made.sid)

    async def hang_up(self, provider_id: str, line: Line) -> None:
        """End a call; one that Twilio no longer knows has ended already."""
        try:
            await twilio.client(line).calls(provider_id).update_async(status="completed")
        except SendError as error:
            if error.code not in ("20404", "404", "21220"):  # unknown, or not in progress any more
                raise

    def fetching(self, url: str, line: Line) -> Fetching:
        """Recordings, from the account's own API. Raises BadInput for any other place."""
        return twilio_account.fetching(url, line)

    def normalised(self, typed: str) -> str:
        """E.164. Raises ValueError for what is no telephone number."""
        from hub.channels import phone

        return phone.normalised(typed)

    async def check(self, line: Line) -> list[Tried]:
        """Ask Twilio for the account with the line's own token."""
        return await twilio_form.signed_in(line)

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """Where Twilio tells us of a call, and that it is over."""
        door = f"{base_url}/in/{line.key}"
        return [
            ToCopy(_("At Twilio, the number's “A call comes in” (POST)"), f"{door}/call"),
            ToCopy(_("At Twilio, the number's “Call status changes” (POST)"), f"{door}/status"),
        ]

    async def hooks(self, line: Line, base_url: str) -> list[Tried]:
        """Where the number tells of a call and of its end."""
        return await twilio_numbers.looked_at(line, self._hooks(line, base_url))

    async def set_hooks(self, line: Line, base_url: str) -> None:
        """Have it tell us. Raises the errors of channels/errors.py."""
        await twilio_numbers.put_right(line, self._hooks(line, base_url))

    def _hooks(self, line: Line, base_url: str) -> list[Hook]:
        names = ("voice", "status_callback")
        told = self.to_copy(line, base_url)
        return [Hook(name, one.label, one.text) for name, one in zip(names, told, strict=True)]

    async def close(self) -> None:
        """Give back the connections."""
        await twilio.close()
