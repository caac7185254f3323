"""Wishes that come with a file: a yes for whoever said nothing yet, a no for everybody who says it.

A file never gives back what somebody took (promise 69): who opted out stays out, however often the list comes again.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.customers.consent import Wish
from hub.customers.importing_people import Key, Word


def agree(words: dict[Key, Word], addresses: Iterable[Key]) -> tuple[list[Key], int]:
    """A yes to marketing: the addresses it is new for, and how many had said no and keep it. `words` grow with it.

    They are read again once their contact is locked, so that no stop word comes between the look and the row.
    """
    fresh, refused = [], 0
    for key in addresses:
        word = words.setdefault(key, Word())
        if word.marketing is False or word.stopped:
            refused += 1
        elif word.marketing is None:
            word.marketing = True
            fresh.append(key)
    return fresh, refused


def refuse(words: dict[Key, Word], addresses: Iterable[Key]) -> list[Key]:
    """A no to marketing: the addresses whose newest word is another."""
    fresh = [key for key in addresses if words.setdefault(key, Word()).marketing is not False]
    for key in fresh:
        words[key].marketing = False
    return fresh


def wish(address_id: int, granted: bool, proof: str, agent_id: int | None) -> Wish:
    """One row of the ledger, as an import writes it."""
    return Wish(
        address_id=address_id,
        purpose="marketing",
        granted=granted,
        source="import",
        proof=proof,
        agent_id=agent_id,
    )
