"""What can be played in the lab: the cast, the channels, and what becomes of what is sent to somebody."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.channels import phone
from hub.lab.telephone import TWILIO
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer to play. `key` is empty for somebody who is none of the cast."""

    key: str = ""
    name: str = ""
    about: str = ""
    mail: str = ""
    number: str = ""
    fax: str = ""

    def reached_by(self, kind: str) -> str:
        """Their address on a kind of channel."""
        return {"email": self.mail, "fax": self.fax}.get(kind, self.number)


CAST = (
    Person(
        key="marta",
        name="Marta Ruiz",
        about=N_("at Acme, whose owner is Ana"),
        mail="marta@acme.example",
        number="+34600100201",
        fax="+34961000201",
    ),
    Person(
        key="pepe",
        name="Pepe Gil",
        about=N_("new, at Acme's domain"),
        mail="pepe@acme.example",
        number="+34600100299",
        fax="+34961000299",
    ),
    Person(
        key="jorge",
        name="Jorge Díaz",
        about=N_("buys for himself"),
        mail="jorge.diaz@correo.example",
        number="+34600100208",
        fax="+34961000208",
    ),
)
NOBODY = Person()
WAYS = {
    "email": N_("Mail"),
    "sms": N_("SMS"),
    "whatsapp": N_("WhatsApp"),
    "voice": N_("Telephone"),
    "webchat": N_("Chat"),
    "fax": N_("Fax"),
    "desk": N_("Front desk"),
    "form": N_("Form"),
}
MAIL_ENDS = {
    "arrives": N_("Arrives"),
    "refused": N_("Nobody lives there: refused for good (550)"),
    "later": N_("Their server asks to come back later (451)"),
}
TEXT_ENDS = {
    "delivered": N_("Arrives"),
    "read": N_("Is read"),
    "backwards": N_("Arrives; its reports come in the wrong order"),
    "silent": N_("Nothing is ever reported"),
    "30003": N_("The telephone is off (30003)"),
    "30006": N_("It is a landline (30006)"),
    "21610": N_("They had said stop (21610)"),
    "63016": N_("WhatsApp's 24 hours are over (63016)"),
}
FAX_ENDS = {
    "arrives": N_("Arrives"),
    "busy": N_("The line is busy: a failure report comes"),
    "silent": N_("Nothing is ever reported"),
}
ENDS = {"email": MAIL_ENDS, "sms": TEXT_ENDS, "whatsapp": TEXT_ENDS, "fax": FAX_ENDS}


class Fates(msgspec.Struct, kw_only=True):
    """What becomes of what is sent to an address: keys of the ENDS above; whoever is not named gets it."""

    mail: dict[str, str] = {}
    fax: dict[str, str] = {}


FATES = web.AppKey("lab_fates", Fates)


def fate(request: web.Request, kind: str, address: str) -> str:
    """What becomes of what is sent to this address now; "" where nothing can be chosen."""
    if kind not in ENDS:
        return ""
    return _kept(request, kind).get(address, next(iter(ENDS[kind])))


def choose(request: web.Request, kind: str, address: str, end: str) -> None:
    """From now on. Raises BadInput for what is no address or no end of this kind."""
    if end not in ENDS.get(kind, {}):
        raise BadInput(_("Choose one of those."), field="end")
    if kind == "email" and "@" not in address:
        raise BadInput(_("Write an address like marta@acme.example."), field="address")
    _kept(request, kind)[address.lower() if kind == "email" else number(address, "address")] = end


def number(typed: str, field: str) -> str:
    """The number in `Marta <+34600…>`, or alone. Raises BadInput."""
    try:
        return phone.e164(typed.rpartition("<")[2].strip("> "))
    except ValueError as error:
        raise BadInput(_("Write a number like +34600123456."), field=field) from error


def somebody(key: str, address: str = "", name: str = "") -> Person:
    """One of the cast by key or by an address of theirs, else somebody with this address."""
    plain = address.rpartition("<")[2].strip("> ")
    for one in CAST:
        if key == one.key or (plain and plain in (one.mail, one.number, one.fax)):
            return one
    if not plain:
        return NOBODY if key == "other" else CAST[0]
    if "@" in plain:
        return Person(name=name, mail=plain)
    return Person(name=name, number=plain, fax=plain)


def _kept(request: web.Request, kind: str) -> dict[str, str]:
    fates = request.app[FATES]
    return {"email": fates.mail, "fax": fates.fax}.get(kind, request.app[TWILIO].texts.fates)
