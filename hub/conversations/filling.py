"""A saved text in the words of one conversation: filled with its customer, in the form its channel carries."""

from __future__ import annotations

import msgspec

from hub.channels.base import Capabilities
from hub.conversations.saved_texts import SavedText
from hub.customers import personalising
from hub.customers.variables import Value, Values
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a saved text became. `missing`: variables that were empty; they stand in the words as `{{ name }}`."""

    text: str
    subject: str = ""
    html: str = ""
    missing: list[str] = []


async def values_for(tx: Tx, conversation_id: int, agent_id: int | None) -> dict[str, Value]:
    """The variables of a conversation's customer, its account, and of who writes. Raises NotFound."""
    row = await tx.record("SELECT contact_id, account_id FROM conversation WHERE id = $1", conversation_id)
    if row is None:
        raise NotFound(_("There is no such conversation."))
    return await personalising.values(
        tx, contact_id=row["contact_id"], account_id=row["account_id"], agent_id=agent_id
    )


def fill(saved: SavedText, values: Values, can: Capabilities | None = None) -> Words:
    """Its words for one customer; `can`: what the channel carries, None for everything. Raises Misworded."""
    source = saved.short if can is not None and can.parts and saved.short else saved.text
    text = personalising.fill(source, values)
    subject = personalising.fill(saved.subject if can is None or can.subject else "", values)
    html = personalising.fill(saved.html if can is None or can.html else "", values, html=True)
    return Words(
        text=text.text,
        subject=" ".join(subject.text.split()),
        html=html.text,
        missing=list(dict.fromkeys([*text.missing, *subject.missing, *html.missing])),
    )


def complete(words: Words) -> Words:
    """The same words, if nothing is missing. Raises BadInput naming what is."""
    if words.missing:
        raise BadInput(_("Fill in %(blank)s.", blank=_written(words.missing)), field="text")
    return words


def must_be_filled(text: str) -> None:
    """What a customer is to read has no variable left in it. Raises BadInput."""
    if left := personalising.unfilled(text):
        raise BadInput(_("Fill in %(blank)s.", blank=_written(left)), field="text")


def _written(names: list[str]) -> str:
    return ", ".join("{{ " + name + " }}" for name in names)
