"""Email as a channel: one raw mail in, facts out; what leaves is handed to sending.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.channels.base import Adapter, BeforeWire, Capabilities, Raw, ToCopy, Tried
from hub.channels.courier import Courier
from hub.channels.email.form import ADDRESS, FORM
from hub.channels.email.parsing import read_facts
from hub.channels.facts import AnyFact
from hub.channels.mail.guarded import facts_of
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.texts import N_, _

if TYPE_CHECKING:  # whoever only parses loads no HTTP client
    from hub.plumbing.oauth import App


class EmailAdapter(Adapter):
    """Mail by SMTP and IMAP (RFC 5321, 5322, 9051)."""

    kind = "email"
    title = N_("Email")
    address = ADDRESS
    form = FORM
    can = Capabilities(
        address_type="email",
        icon="mail",
        colour="blue",
        subject=True,
        html=True,
        cc=True,
        attachments=True,
        attachment_limit=25_000_000,
        read_reports=True,
    )

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived, DeliveryReported (one a recipient), Ignored or Unreadable; never raises."""
        return facts_of(read_facts, raw, line)

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Hand one mail to the line's SMTP server. Raises the errors of channels/errors.py."""
        from hub.channels.email import sending

        sent: Any = await sending.send(outgoing, line, before_wire)
        return sent  # type: ignore[no-any-return]

    def bulk(self, line: Line) -> Courier:
        """Connections of its own, pipelined where the server offers it."""
        from hub.channels.email.bulk import SmtpCourier

        return SmtpCourier(line)

    def normalised(self, typed: str) -> str:
        """`Ana@Acme.es` → `ana@acme.es` (RFC 5321 §4.1.2, RFC 6531). Raises ValueError for what is no address."""
        from email_validator import validate_email

        return validate_email(typed, check_deliverability=False, test_environment=True).normalized.lower()

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """The redirect address of the app, where a person signs in with one."""
        if not line.settings.get("oauth_provider"):
            return []
        told = _("Redirect address of your app registration")
        return [ToCopy(told, f"{base_url}/admin/channels/oauth", wakes=False)]

    def sign_in(self, line: Line) -> App | None:
        """The line's app at Microsoft or Google. Raises BadInput naming what is missing."""
        from hub.plumbing.oauth import App

        return App.of(line.settings, line.secrets) if line.settings.get("oauth_provider") else None

    async def close(self) -> None:
        """Say goodbye to the mail servers."""
        from hub.channels.email import sending

        await sending.close()

    async def check(self, line: Line) -> list[Tried]:
        """Sign in where the line sends and where it reads; what is wrong, in words."""
        from hub.channels.email import checking

        return await checking.check(line)
