"""SMS and MMS as a channel, over Twilio."""

from __future__ import annotations

from hub.channels import twilio_form, twilio_sending
from hub.channels.base import Capabilities, Measured
from hub.channels.sms.segments import measure
from hub.channels.twilio_adapter import TwilioMessages
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

    def measure(self, text: str) -> Measured:
        """GSM-7 or UCS-2, and how many parts."""
        return measure(text)
