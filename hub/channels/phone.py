"""Telephone numbers: E.164 as spoken on the wire, and the one key under which a person's number is kept.

Mexico's `+52 1`, Argentina's `+54 9` and Brazil's ninth digit give two spellings of one mobile; a row holds the key.
"""

from __future__ import annotations

import re

HOME = "ES"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
PLUS_LOST = re.compile(r"^ (?=[1-9][0-9]{7})")  # a plus that nobody encoded is a space in a form
SCHEME = re.compile(r"^\s*(whatsapp|tel|sms|messenger|rcs):", re.IGNORECASE)
BRAZIL_DIGITS = 13  # with the plus and without the ninth digit


def e164(raw: str, country: str = HOME) -> str:
    """`600 12 34 56`, `0034…`, `tel:…`, `whatsapp:+34…`, Arabic digits → `+34600123456`.

    `country`: of a number that names none (ISO 3166, "" for none). Raises ValueError for what is no number.
    """
    plain = SCHEME.sub("", raw).strip()
    if E164.fullmatch(plain):
        return plain
    compact = re.sub(r"[\s().-]", "", plain)
    if re.fullmatch(r"\+521[0-9]{10}", compact):
        return compact  # Mexico gave up its 1 in 2019; WhatsApp and some carriers still write it
    import phonenumbers  # its tables are large, and a provider's numbers never need them

    try:
        number = phonenumbers.parse(plain, country or None)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"not a telephone number: {raw[:40]}") from error
    if number.extension or not phonenumbers.is_possible_number(
        number
    ):  # a switchboard's number is not its people's
        raise ValueError(f"not a telephone number: {raw[:40]}")
    found: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return found


def normalised(typed: str, country: str = HOME) -> str:
    """A number a person typed, as its row is named: its key. Raises ValueError."""
    return key(e164(typed, country))


def country_of(number: str) -> str:
    """The country of one of our own numbers, for what its callers leave out; HOME when it has none."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(SCHEME.sub("", number))) or HOME
    except phonenumbers.NumberParseException:
        return HOME


def key(number: str) -> str:
    """The one spelling under which an E.164 number's row is kept; anything else stays as it is."""
    if number.startswith("+521") and len(number) == 14:
        return "+52" + number[4:]
    if number.startswith("+549") and len(number) == 14:
        return "+54" + number[4:]
    if number.startswith("+55") and len(number) == BRAZIL_DIGITS and number[5] in "6789":
        return number[:5] + "9" + number[5:]
    return number


def for_messages(number: str) -> str:
    """How a message to the number behind a key is addressed: Argentina's mobiles need their 9."""
    if number.startswith("+54") and not number.startswith("+549") and len(number) == 13:
        return "+549" + number[3:]
    return number


def as_typed(typed: str) -> str:
    """How a typed number is rung, where its key does not say; "" where it does. Raises ValueError."""
    number = e164(typed)
    return number if for_messages(key(number)) != key(number) else ""


def same(one: str, other: str) -> bool:
    """Whether two E.164 spellings are one telephone."""
    return key(one) == key(other)
