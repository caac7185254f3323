"""SMS and MMS as a channel, over Twilio."""

from __future__ import annotations

from hub.channels import twilio_form, twilio_numbers, twilio_sending
from hub.channels.base import Capabilities, Measured, Tried
from hub.channels.outgoing import Line
from hub.channels.sms.segments import measure
from hub.channels.twilio_adapter import TwilioMessages
from hub.channels.twilio_numbers import Hook
from hub.plumbing.texts import N_


class SmsAdapter(TwilioMessages):
    """Text messages (https://www.twilio.com/docs/messaging)."""

    kind = "sms"
    title = N_("Text message (SMS)")
    form = twilio_form.SMS
    can = Capabilities(
        address_type="phone",
        icon="message-square",
        colour="teal",
        attachments=True,
        attachment_limit=5_000_000,
        text_limit=twilio_sending.MOST_CHARACTERS,
        parts=True,
        cost=7.0,
        delivery_reports=True,
        report_minutes=30,
    )

    async def hooks(self, line: Line, base_url: str) -> list[Tried]:
        """Where the number tells of a message."""
        return await twilio_numbers.looked_at(line, self._hooks(line, base_url))

    async def set_hooks(self, line: Line, base_url: str) -> None:
        """Have it tell us. Raises the errors of channels/errors.py."""
        await twilio_numbers.put_right(line, self._hooks(line, base_url))

    def _hooks(self, line: Line, base_url: str) -> list[Hook]:
        return [Hook("sms", told.label, told.text) for told in self.to_copy(line, base_url)]

    def measure(self, text: str) -> Measured:
        """GSM-7 or UCS-2, and how many parts."""
        return measure(text)
