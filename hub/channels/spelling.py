"""How an address is shown to people: a number in groups, and whoever has none as what they are."""

from __future__ import annotations

from functools import lru_cache

from hub.channels.phone import E164
from hub.plumbing.texts import _

VISITOR = "visitor:"
WITHHELD = ("withheld:", "anonymous-")


def shown(address: str) -> str:
    """`+34600123456` → `+34 600 12 34 56`; a chat's visitor and a withheld number in words; others as they are."""
    if address.startswith(VISITOR):
        return _("Visitor")
    if address.startswith(WITHHELD):
        return _("Withheld number")
    return _grouped(address) if E164.fullmatch(address) else address


@lru_cache(maxsize=4_096)
def _grouped(number: str) -> str:
    import phonenumbers  # its tables are large

    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    grouped: str = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return grouped
