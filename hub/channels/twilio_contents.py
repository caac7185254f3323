"""The account's approved texts, as Twilio's Content API lists them.

https://www.twilio.com/docs/content/content-and-approvals-resource
"""

from __future__ import annotations

from typing import Any

from hub.channels import twilio
from hub.channels.base import Wording
from hub.channels.outgoing import Line
from hub.channels.text import one_line, storable
from hub.channels.twilio_account import API, api_url

MOST = 1_000


async def approved(line: Line) -> list[Wording]:
    """Those WhatsApp approved and that are text we can show. Raises the errors of channels/errors.py."""
    account = twilio.client(line)
    if api_url(line) != API:  # the lab's plays the Content API at the same address
        account.content.base_url = api_url(line)
    found = await account.content.v1.content_and_approvals.list_async(limit=MOST)
    return [made for one in found if (made := _wording(one)) is not None]


def _wording(one: Any) -> Wording | None:
    """None for what is not approved (yet), or has no words: a carousel, a file alone."""
    asked = one.approval_requests or {}
    bodies = (kind.get("body") for kind in (one.types or {}).values() if isinstance(kind, dict))
    body = next((storable(text).strip() for text in bodies if isinstance(text, str) and text.strip()), "")
    if asked.get("status") != "approved" or not body or not one.sid:
        return None
    name = one_line(str(asked.get("name") or one.friendly_name or one.sid))
    return Wording(name=name, language=one_line(str(one.language or "")), body=body, provider_id=str(one.sid))
