"""Where a mailbox lies and who reads it, from a channel's settings; and what can go wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.channels.outgoing import Line
from hub.plumbing.texts import N_

USUAL_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class ImapError(Exception):
    """Base; `reason` is for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ImapAway(ImapError):
    """No connection, or it broke or hung: connect again later."""


class ImapRefused(ImapError):
    """The server said NO or BAD to a command."""


class SignInRefused(ImapError):
    """Login, encryption or settings are wrong: somebody must mend them."""


@dataclass(frozen=True)
class ImapAccount:
    """Where a mailbox lies and who reads it. `security` is tls, starttls or none."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    folder: str = "INBOX"

    @classmethod
    def of(cls, line: Line) -> ImapAccount:
        """The account a channel's settings describe. Raises SignInRefused naming what is wrong."""
        settings: Mapping[str, Any] = line.settings
        port = settings.get("imap_port")
        security = str(settings.get("imap_security") or ("starttls" if str(port) == "143" else "tls"))
        if security not in USUAL_PORTS:
            raise SignInRefused(N_("imap_security must be tls, starttls or none"))
        try:
            number = int(port or USUAL_PORTS[security])
        except (TypeError, ValueError) as error:
            raise SignInRefused(N_("imap_port must be a number")) from error
        return cls(
            host=str(settings.get("imap_host", "")).strip(),
            port=number,
            security=security,
            user=str(settings.get("imap_user") or line.address),
            password=line.secrets.get("imap_password", ""),
            certificate=str(settings.get("imap_certificate", "")),
            folder=str(settings.get("imap_folder") or "INBOX"),
        )
