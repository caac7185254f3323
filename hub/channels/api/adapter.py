"""Any other system as a channel: it posts signed JSON, and gets what agents answer as signed webhooks.

What the JSON may hold stands in README.md beside this file.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from hub.channels import signing
from hub.channels.api import reading
from hub.channels.api.form import ADDRESS, FIELDS
from hub.channels.base import (
    Adapter,
    Answered,
    BeforeWire,
    Capabilities,
    Fetching,
    Forged,
    Posted,
    Raw,
    ToCopy,
    Tried,
)
from hub.channels.facts import AnyFact, Unreadable
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.clock import now
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

TOKENS = ("token", "token_old")
SECRETS = ("signing_secret", "signing_secret_old")
LEAST_TOKEN = 24


class ApiAdapter(Adapter):
    """Standard Webhooks both ways; a bearer token is enough for posting in."""

    kind = "api"
    title = N_("Another system (API)")
    address = ADDRESS
    form = FIELDS
    can = Capabilities(
        address_type=reading.ADDRESS_TYPE,
        icon="webhook",
        colour="teal",
        attachments=True,
        attachment_limit=reading.MOST_BYTES,
        text_limit=reading.LONGEST_TEXT,
        delivery_reports=True,
        read_reports=True,
    )

    def genuine(self, posted: Posted, line: Line) -> Raw:
        """Signed with the line's secret, or carrying its token. Raises Forged."""
        bearer, _space, given = posted.headers.get("authorization", "").partition(" ")
        if bearer.lower() == "bearer":
            tokens = [line.secrets[name] for name in TOKENS if len(line.secrets.get(name, "")) >= LEAST_TOKEN]
            right = [hmac.compare_digest(one.encode(), given.strip().encode()) for one in tokens]
            if not any(right):
                raise Forged("the token is not the line's")
        else:
            secrets = [line.secrets[name] for name in SECRETS if line.secrets.get(name)]
            signing.verified(posted.headers, posted.body, secrets, now())
        return Raw(body=posted.body, envelope={"rest": posted.rest})

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived, DeliveryReported, TypingSeen, Ignored for an event we do not know, Unreadable."""
        try:
            return [reading.read(raw, line)]
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return [Unreadable(reason=f"{type(error).__name__}: {error}"[:500])]

    def answer(self, facts: list[AnyFact], line: Line) -> Answered:
        """JSON: whether it was understood; what was not is kept all the same."""
        wrong = next((one.reason for one in facts if isinstance(one, Unreadable)), "")
        body = {"stored": not wrong} | ({"reason": wrong} if wrong else {})
        return Answered(
            status=422 if wrong else 200, type="application/json", body=msgspec.json.encode(body).decode()
        )

    def worded(self, details: dict[str, Any]) -> list[str]:
        """What the system wants agents to read beside the message."""
        told = details.get("api", {})
        return [f"{name}: {value}" for name, value in told.items()]

    def fetching(self, url: str, line: Line) -> Fetching:
        """Files lie where the system says, out in the open; inside only where the operator allows it."""
        if not url.startswith("https://") and not line.settings.get("allowed_hosts"):
            raise BadInput(N_("files are fetched over https only"), field="url")
        from hub.channels.api import sending  # and its HTTP client, which nobody needs who only parses

        return Fetching(allowed_hosts=sending.allowed_hosts(line))

    async def send(self, outgoing: Outgoing, line: Line, before_wire: BeforeWire) -> Sent:
        """Post one signed webhook. Raises the errors of channels/errors.py."""
        from hub.channels.api import sending

        return await sending.send(outgoing, line, before_wire)

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """Where the other system posts."""
        return [ToCopy(_("The other system posts to"), f"{base_url}/in/{line.key}")]

    async def check(self, line: Line) -> list[Tried]:
        """Whether somebody may post in, and whether a signed ping is taken."""
        from hub.channels.api import sending

        known = any(len(line.secrets.get(one, "")) >= LEAST_TOKEN for one in (*TOKENS, *SECRETS))
        trouble = "" if known else _("Set a signing_secret (whsec_…) or a token of 24 characters")
        return [Tried("in", _("Secret"), trouble), *await sending.check(line)]

    def normalised(self, typed: str) -> str:
        """A user of the system, as this house named them. Raises ValueError."""
        if not typed.startswith("user:") or len(typed) > 320:
            raise ValueError("not a user of this system")
        return typed
