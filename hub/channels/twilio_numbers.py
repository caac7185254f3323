"""A number at Twilio: where it calls when something comes in, whether that is us, and how it is set to be us.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
A messaging service tells of its numbers' messages itself, unless it is set to leave that to each number:
https://www.twilio.com/docs/messaging/api/service-resource
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.channels import phone, twilio
from hub.channels.base import Tried
from hub.channels.errors import Misconfigured, SendError
from hub.channels.outgoing import Line
from hub.channels.twilio_account import API, api_url
from hub.plumbing.texts import N_, _

AT_SERVICE = N_("Where the messaging service tells of a message")
NOT_OURS = N_("our Twilio account has no such number")


class Hook(msgspec.Struct, frozen=True):
    """One setting of the number: its name in the API (sms, voice, status_callback), what it is called, our address."""

    name: str
    label: str
    url: str

    @property
    def keys(self) -> tuple[str, str]:
        """The API's names of the address and of the method."""
        return (self.name if self.name == "status_callback" else f"{self.name}_url", f"{self.name}_method")


async def looked_at(line: Line, hooks: Sequence[Hook]) -> list[Tried]:
    """Each setting as Twilio has it, against what it should be."""
    try:
        service = await _service(line)
        number = await _number(line) if service is None else None
    except SendError as error:
        return [Tried("in", _("look at the number's settings"), _(error.reason))]
    if service is not None:
        return [
            Tried("in", _(AT_SERVICE), _wrong(service, "inbound_request_url", "inbound_method", hooks[0]))
        ]
    return [Tried("in", one.label, _trouble(number, one)) for one in hooks]


async def put_right(line: Line, hooks: Sequence[Hook]) -> None:
    """Set them as they should be. Raises the errors of channels/errors.py."""
    if (service := await _service(line)) is not None:
        await service.update_async(inbound_request_url=hooks[0].url, inbound_method="POST")
        return
    number = await _number(line)
    wanted: dict[str, str] = {}
    for one in hooks:
        address, method = one.keys
        wanted |= {address: one.url, method: "POST"}
        if one.name != "status_callback":
            wanted[f"{one.name}_application_sid"] = ""  # an app, where there is one, would be called instead
    await number.update_async(**wanted)


async def _service(line: Line) -> Any:
    """The messaging service that tells of the line's messages; None where the number does."""
    sid = str(line.settings.get("messaging_service_sid") or "")
    if not sid:
        return None
    account = twilio.client(line)
    if api_url(line) != API:  # the lab's plays this API at the same address
        account.messaging.base_url = api_url(line)
    found = await account.messaging.v1.services(sid).fetch_async()
    return None if found.use_inbound_webhook_on_number else found


async def _number(line: Line) -> Any:
    """The account's resource of the line's number. Raises Misconfigured when it has none."""
    wanted = phone.SCHEME.sub("", line.address).strip()
    found = await twilio.client(line).incoming_phone_numbers.list_async(phone_number=wanted, limit=20)
    for one in found:
        if one.phone_number == wanted:
            return one
    raise Misconfigured(NOT_OURS, code="address")


def _trouble(number: Any, hook: Hook) -> str:
    if hook.name != "status_callback" and getattr(number, f"{hook.name}_application_sid"):
        return _("an app at Twilio answers instead")
    return _wrong(number, *hook.keys, hook)


def _wrong(resource: Any, address_key: str, method_key: str, hook: Hook) -> str:
    address, method = (str(getattr(resource, name) or "") for name in (address_key, method_key))
    if not address:
        return _("empty: Twilio tells us nothing")
    if address.rstrip("/") != hook.url:
        return _("it leads elsewhere: %(address)s", address=address[:200])
    return "" if method.upper() == "POST" else _("the method must be POST")
