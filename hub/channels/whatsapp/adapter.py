"""WhatsApp as a channel, over Twilio: the same fields as SMS, names and buttons, and a window for free text."""

from __future__ import annotations

from typing import Any

from hub.channels import twilio_contents, twilio_form, twilio_sending
from hub.channels.base import Capabilities, Wording
from hub.channels.outgoing import Line
from hub.channels.twilio_adapter import TwilioMessages
from hub.plumbing.texts import N_, _


class WhatsAppAdapter(TwilioMessages):
    """WhatsApp Business (https://www.twilio.com/docs/whatsapp/api)."""

    kind = "whatsapp"
    title = N_("WhatsApp")
    form = twilio_form.WHATSAPP
    scheme = "whatsapp:"
    most_files = 1
    can = Capabilities(
        address_type="phone",
        icon="message-circle",
        colour="green",
        attachments=True,
        attachment_limit=16_000_000,
        text_limit=twilio_sending.MOST_CHARACTERS,
        cost=4.0,
        delivery_reports=True,
        report_minutes=60,
        read_reports=True,
        window_hours=24,
        approved_texts=True,
    )

    async def approved(self, line: Line) -> list[Wording]:
        """The account's texts that WhatsApp approved. Raises the errors of channels/errors.py."""
        return await twilio_contents.approved(line)

    def worded(self, details: dict[str, Any]) -> list[str]:
        """The place that was sent, what was pressed, the ad it began at, that it was forwarded or cannot be shown."""
        told = details.get(self.kind, {})
        lines = []
        if place := told.get("place"):
            lines.append(
                _(
                    "Place: %(latitude)s, %(longitude)s",
                    latitude=place.get("latitude", ""),
                    longitude=place.get("longitude", ""),
                )
            )
        if told.get("button"):
            lines.append(_("Pressed: %(button)s", button=told["button"]))
        if told.get("forwarded"):
            lines.append(_("Forwarded"))
        if told.get("ad"):
            lines.append(_("Came by the ad: %(ad)s", ad=told["ad"]))
        if told.get("unshown"):
            lines.append(_("Something that is not passed on to us: %(type)s", type=told["unshown"]))
        return lines
