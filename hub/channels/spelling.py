"""How an address is shown to people: a number in groups, and whoever has none as what they are."""

from __future__ import annotations

from functools import lru_cache

from hub.channels.phone import E164, SCHEME
from hub.plumbing.texts import _

VISITOR = "visitor:"
KNOWN = ("form:", "contact:", "user:")
WITHHELD = ("withheld:", "anonymous-")


def shown(address: str) -> str:
    """`+34600123456` → `+34 600 12 34 56`; who has no address of their own in words; others as they are."""
    if address.startswith(VISITOR):
        return _("Visitor")
    if address.startswith(KNOWN):
        return _without_address(address)
    if address.startswith(WITHHELD):
        return _("Withheld number")
    number = SCHEME.sub("", address)
    return _grouped(number) if E164.fullmatch(number) else address


def _without_address(address: str) -> str:
    """Who filled in a form, who came in person, and another system's user by the id they have there."""
    kind, _colon, name = address.partition(":")
    if kind == "user":
        return name.partition(":")[2] or name
    return _("By a form") if kind == "form" else _("In person")


@lru_cache(maxsize=4_096)
def _grouped(number: str) -> str:
    import phonenumbers  # its tables are large

    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    grouped: str = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return grouped
