"""How many parts a text message takes: GSM 03.38 with its extension, or UCS-2 (3GPP TS 23.038, 23.040).

`ALPHABET` and `EXTENSION` are plain strings, so that the composer in the browser can be given the same table.
"""

from __future__ import annotations

from hub.channels.base import Measured

# The basic set holds à è é ì ò ù ñ Ñ ¿ ¡ ü Ü but neither á í ó ú nor ç: one of those makes all of it UCS-2.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"  # an escape before each: two units
GSM_ONE, GSM_MANY = 160, 153
UCS_ONE, UCS_MANY = 70, 67
_COST = dict.fromkeys(ALPHABET, 1) | dict.fromkeys(EXTENSION, 2)


def measure(text: str) -> Measured:
    """Parts, units and what is left in the last part. An empty text is one empty part."""
    costs = [_COST.get(one, 0) for one in text]
    if 0 not in costs:
        return _measured("GSM-7", costs, GSM_ONE, GSM_MANY)
    # A character outside the basic plane is two units, and its pair is not torn apart at a border.
    return _measured("UCS-2", [2 if one > "\uffff" else 1 for one in text], UCS_ONE, UCS_MANY)


def _measured(encoding: str, costs: list[int], one: int, many: int) -> Measured:
    units = sum(costs)
    if units <= one:
        return Measured(parts=1, units=units, encoding=encoding, left=one - units)
    parts, used = 1, 0
    for cost in costs:
        if used + cost > many:
            parts, used = parts + 1, 0
        used += cost
    return Measured(parts=parts, units=units, encoding=encoding, left=many - used)
