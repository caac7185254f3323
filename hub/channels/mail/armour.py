"""A text signed with PGP in the text itself (RFC 9580 §7): the words without what the program put around them."""

from __future__ import annotations

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"


def without_armour(text: str) -> str:
    """The text; its hash headers, signature and the `- ` before lines with a hyphen left out."""
    before, mark, rest = text.partition(_SIGNED)
    if not mark or _SIGNATURE not in rest or before.strip():
        return text
    _headers, _, words = rest.partition("\n\n")
    words, _, below = words.partition(_SIGNATURE)
    lines = [line[2:] if line.startswith("- -") else line for line in words.split("\n")]
    return "\n".join([*lines, below.partition(_END)[2]]).strip("\n")
