"""Fax numbers as gateways print them: national or not, with a name around them, or withheld."""

from __future__ import annotations

import re

from hub.channels import phone

_WITHHELD = frozenset(
    "unknown anonymous private withheld blocked unavailable restricted none unspecified desconocido oculto privado"
    " anonimo anónimo n/a na - 0".split()
)
_ANGLED = re.compile(r"<\s*(\+?[\d().\s/-]{4,30})>")
_ODD = re.compile(r"[\s().\u00a0/-]")
_DIGITS = re.compile(r"\+?[0-9]{4,16}")
_LONGEST = 60


def read_number(printed: str, country: str, *, with_country_code: bool = False) -> str:
    """`1-613-701-0200` → `+16137010200`; "" for what names no number. `country`: of a number without code."""
    text = printed[:_LONGEST]
    angled = _ANGLED.search(text)
    plain = _ODD.sub("", angled[1] if angled else text)
    if not _DIGITS.fullmatch(plain):
        return ""
    tries = [(plain, country), (f"+{plain.lstrip('+0')}", "")]
    if with_country_code and not plain.startswith(("+", "0")):
        tries.reverse()
    for spelt, of in tries:
        if number := _read(spelt, of):
            return number
    return ""


def is_withheld(printed: str) -> bool:
    """The gateway says in its own word that it knows no number."""
    return printed.strip(" <>()\"'").lower() in _WITHHELD or not printed.strip()


def _read(spelt: str, country: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(spelt, country or None)
        if not country and not phonenumbers.is_valid_number(number):
            return ""  # we guessed that it begins with a country code
        return phone.normalised(spelt, country)
    except (ValueError, phonenumbers.NumberParseException):
        return ""
