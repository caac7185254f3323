"""Fax as a channel: a gateway's mail in, facts out; what leaves becomes pages and a mail to the gateway."""

from __future__ import annotations

from typing import Any

from hub.channels import phone
from hub.channels.base import Adapter, BeforeWire, Capabilities, Raw, Tried
from hub.channels.facts import AnyFact
from hub.channels.fax.form import ADDRESS, FORM
from hub.channels.mail.guarded import facts_of
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.texts import N_, _


class FaxAdapter(Adapter):
    """Fax by mail gateways (README.md); the pages themselves are handled in hub/channels/paper."""

    kind = "fax"
    title = N_("Fax")
    address = ADDRESS
    form = FORM
    can = Capabilities(
        address_type="fax",
        reached_as="email",
        icon="printer",
        colour="grey",
        attachments=True,
        attachment_limit=20_000_000,
        attachment_types=(
            "application/pdf",
            "image/tiff",
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
        ),
        text_limit=20_000,
        pages=True,
        cost=8.0,
        delivery_reports=True,
        report_hours=24,
        patterns=True,
    )

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived, DeliveryReported or Unreadable; never raises."""
        from hub.channels.fax.reading import read_facts  # Pillow and pdfium: only for who really reads

        return facts_of(read_facts, raw, line)

    def takes(self, raw: Raw, line: Line) -> bool:
        """A mail of a gateway that our own mail server, or the line's settings, vouch for."""
        from hub.channels.fax.trust import takes

        return takes(raw, line)

    def worded(self, details: dict[str, Any]) -> list[str]:
        """The station's own name, a withheld number, a document that stayed at the gateway."""
        told = details.get("fax") or {}
        lines = []
        if told.get("csid"):
            lines.append(
                _("The sending machine calls itself “%(csid)s”; that proves nothing.", csid=told["csid"])
            )
        if not told.get("caller"):
            lines.append(_("The caller's number was withheld."))
        if told.get("state") == "error":
            lines.append(_("The transmission broke off: this is not the whole fax."))
        if told.get("fetch"):
            lines.append(_("The document stayed at the gateway: fetching it needs a login there."))
        return lines

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Make the pages and mail them to the gateway: handed over, not delivered; its report says the rest.

        Raises the errors of channels/errors.py.
        """
        from hub.channels.fax import sending

        return await sending.send(outgoing, line, before_wire)

    def normalised(self, typed: str) -> str:
        """`0034 912 345 678` → `+34912345678`. Raises ValueError for what is no number."""
        return phone.key(phone.e164(typed))

    async def check(self, line: Line) -> list[Tried]:
        """Sign in where the mails leave, and see that a gateway is chosen and its own mails can be believed."""
        from hub.channels.fax import checking

        return await checking.check(line)

    async def close(self) -> None:
        """The mail connections are the email kind's; whoever opened them closes them."""
        from hub.channels.email import sending

        await sending.close()
