"""A number at Twilio: where it calls when something comes in, whether that is us, and how it is set to be us.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.channels import phone, twilio
from hub.channels.base import Tried
from hub.channels.errors import Misconfigured, SendError
from hub.channels.outgoing import Line
from hub.plumbing.texts import N_, _

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
    if line.settings.get("messaging_service_sid"):
        return []  # the service decides where messages go, not the number
    try:
        number = await _number(line)
    except SendError as error:
        return [Tried("in", _("look at the number's settings"), _(error.reason))]
    return [Tried("in", one.label, _trouble(number, one)) for one in hooks]


async def put_right(line: Line, hooks: Sequence[Hook]) -> None:
    """Set them as they should be. Raises the errors of channels/errors.py."""
    number = await _number(line)
    wanted: dict[str, str] = {}
    for one in hooks:
        address, method = one.keys
        wanted |= {address: one.url, method: "POST"}
        if one.name != "status_callback":
            wanted[f"{one.name}_application_sid"] = ""  # an app, where there is one, would be called instead
    await number.update_async(**wanted)


async def _number(line: Line) -> Any:
    """The account's resource of the line's number. Raises Misconfigured when it has none."""
    wanted = phone.SCHEME.sub("", line.address).strip()
    found = await twilio.client(line).incoming_phone_numbers.list_async(phone_number=wanted, limit=20)
    for one in found:
        if one.phone_number == wanted:
            return one
    raise Misconfigured(NOT_OURS, code="address")


def _trouble(number: Any, hook: Hook) -> str:
    address, method = (str(getattr(number, name) or "") for name in hook.keys)
    if hook.name != "status_callback" and getattr(number, f"{hook.name}_application_sid"):
        return _("an app at Twilio answers instead")
    if not address:
        return _("empty: Twilio tells us nothing")
    if address.rstrip("/") != hook.url:
        return _("it leads elsewhere: %(address)s", address=address[:200])
    return "" if method.upper() == "POST" else _("the method must be POST")
