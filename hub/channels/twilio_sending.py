"""One message leaves by Twilio's Messages resource: text, files by public links, approved texts.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from hub.channels import phone, twilio
from hub.channels.base import BeforeWire, Raw
from hub.channels.errors import Misconfigured, Rejected
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.texts import N_

MOST_CHARACTERS = 1600
MOST_LISTED = 5_000  # of a day and some hours; newest first, so that a smaller bound forgets the oldest
MMS_COUNTRIES = frozenset(("US", "CA", "PR", "AU"))  # elsewhere a carrier takes no pictures from a number


async def send(
    outgoing: Outgoing, line: Line, before_wire: BeforeWire, *, prefix: str = "", most_files: int = 10
) -> Sent:
    """Create the message. `prefix`: the scheme of the addresses ("whatsapp:"), "" for plain numbers.

    Raises the errors of channels/errors.py, and what `before_wire` raises.
    """
    wanted = payload(outgoing, line, prefix=prefix, most_files=most_files)
    account = twilio.client(line)
    await before_wire()
    made = await account.messages.create_async(**wanted)
    return Sent(provider_id=str(made.sid or ""))


def payload(outgoing: Outgoing, line: Line, *, prefix: str = "", most_files: int = 10) -> dict[str, Any]:
    """The library's arguments for one message. Raises Rejected, Misconfigured for what cannot be said."""
    wanted: dict[str, Any] = {"to": prefix + phone.for_messages(outgoing.recipient)} | _sender(line, prefix)
    if outgoing.report_url:
        wanted["status_callback"] = outgoing.report_url
    if outgoing.approved is not None:
        wanted["content_sid"] = outgoing.approved.provider_id
        if outgoing.approved.variables:
            wanted["content_variables"] = msgspec.json.encode(outgoing.approved.variables).decode()
        return wanted
    text, links = _text_and_files(outgoing, line, prefix, most_files)
    if len(text) > MOST_CHARACTERS:
        raise Rejected(N_("the text is too long (21617)"), code="21617")
    if not text and not links:
        raise Rejected(N_("there is nothing to send"), code="empty")
    return wanted | ({"body": text} if text else {}) | ({"media_url": links} if links else {})


async def missed(line: Line, since: datetime, *, prefix: str = "", most: int = MOST_LISTED) -> list[Raw]:
    """The account's messages of this line since then, each as the request that should have told us of it.

    One number may carry both kinds: only what has the `prefix` of this one is its own.

    Raises the errors of channels/errors.py.
    """
    found = await twilio.client(line).messages.list_async(
        date_sent_after=since, limit=most, page_size=min(most, 1000)
    )
    own = {phone.key(_plain(line.address)), phone.key(_plain(str(line.settings.get("sender") or "")))} - {""}
    told: list[Raw] = []
    for one in reversed(found):  # the newest came first; people wrote the other way round
        inbound = one.direction == "inbound"
        ours = (one.to if inbound else one.from_) or ""
        if ours.startswith("whatsapp:") == bool(prefix) and phone.key(_plain(ours)) in own:
            told.append(await _told(one, inbound))
    return told


async def _told(one: Any, inbound: bool) -> Raw:
    """The form Twilio would have posted (messaging/guides/webhook-request), from the resource."""
    fields = {
        "MessageSid": one.sid,
        "From": one.from_ or "",
        "To": one.to or "",
        "AccountSid": one.account_sid,
    }
    if inbound:
        fields |= {"Body": one.body or "", "NumMedia": str(one.num_media or 0)}
        if int(one.num_media or 0):
            for n, part in enumerate(await one.media.list_async(limit=10)):
                url = f"{one._version.domain.base_url.rstrip('/')}{part.uri.removesuffix('.json')}"
                fields |= {f"MediaUrl{n}": url, f"MediaContentType{n}": part.content_type or ""}
    else:
        fields |= {"MessageStatus": str(one.status or ""), "ErrorCode": str(one.error_code or "")}
    return Raw(body=urlencode(fields).encode(), envelope={"door": "list"})


def _sender(line: Line, prefix: str) -> dict[str, str]:
    """A messaging service where the line has one (it then picks the number), else the line's own number."""
    service = str(line.settings.get("messaging_service_sid") or "")
    number = _plain(str(line.settings.get("sender") or line.address))
    if service:
        return {"messaging_service_sid": service}
    if not number:
        raise Misconfigured(N_("this channel has no number to send from"), code="address")
    return {"from_": prefix + number}


def _text_and_files(outgoing: Outgoing, line: Line, prefix: str, most_files: int) -> tuple[str, list[str]]:
    """Files ride along where the carriers take them; elsewhere the text names their links."""
    links = [one.url for one in outgoing.attachments if one.url]
    if len(links) < len(outgoing.attachments):
        raise Misconfigured(N_("files need a public address of this hub (HUB_PUBLIC_URL)"), code="public_url")
    if prefix or line.settings.get("mms", phone.country_of(line.address) in MMS_COUNTRIES) or not links:
        if len(links) > most_files:
            raise Rejected(N_("there are too many files in one message (21623)"), code="21623")
        return outgoing.text, links
    return "\n".join(part for part in (outgoing.text, *links) if part), []


def _plain(address: str) -> str:
    return phone.SCHEME.sub("", address).strip()
