"""Every kind of channel we speak, one line each; an adapter is loaded when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from hub.channels.base import Adapter
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

ADAPTERS = {
    "email": "hub.channels.email.adapter:EmailAdapter",
    "sms": "hub.channels.sms.adapter:SmsAdapter",
    "whatsapp": "hub.channels.whatsapp.adapter:WhatsAppAdapter",
    "fax": "hub.channels.fax.adapter:FaxAdapter",
    "webchat": "hub.channels.webchat.adapter:WebchatAdapter",
    "voice": "hub.channels.voice.adapter:VoiceAdapter",
    "desk": "hub.channels.desk.adapter:DeskAdapter",
    "form": "hub.channels.form.adapter:FormAdapter",
    "api": "hub.channels.api.adapter:ApiAdapter",
}


@cache
def adapter(kind: str) -> Adapter:
    """The one adapter of a kind. Raises BadInput for an unknown kind, naming the known ones."""
    if kind not in ADAPTERS:
        known = ", ".join(sorted(ADAPTERS))
        raise BadInput(
            _("There is no channel kind “%(kind)s”; known: %(known)s", kind=kind[:60], known=known),
            field="kind",
        )
    module, name = ADAPTERS[kind].split(":")
    made: Adapter = getattr(import_module(module), name)()
    return made
