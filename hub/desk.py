"""The front desk's door: what an agent writes down of a visit, a letter or a paper form takes the road in like a mail.

Who it was is looked up or made, which matter it belongs to is what the agent says; sent twice, it is there once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.agents.roles import Person
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.desk.adapter import ADDRESS_TYPE, LONGEST_TEXT, WHATS
from hub.channels.registry import adapter
from hub.conversations import thread
from hub.conversations.chat_view import of_arrival
from hub.customers import addresses, contacts
from hub.intake import Inbound
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

LONGEST_CLIENT_ID = 60


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent writes down. `contact_id`: somebody known; else `name` and perhaps an `address`.

    `conversation_id` None: a new matter. `files`: `{"name", "type", "content"}`, the content in base64.
    """

    client_id: str
    what: str = "visit"
    text: str = ""
    subject: str = ""
    contact_id: int | None = None
    name: str = ""
    address: str = ""
    conversation_id: int | None = None
    files: Sequence[dict[str, str]] = ()


class Whom(msgspec.Struct, frozen=True):
    """The address it stands under, and the name it travels with."""

    type: str
    address: str
    name: str = ""


async def lines(tx: Tx) -> list[Channel]:
    """The lines agents write down on."""
    return [one for one in await connections.enabled(tx) if adapter(one.kind).can.logged]


async def log(hub: Hub, inbound: Inbound, channel: Channel, person: Person, entry: Entry) -> int:
    """Store it as a message; its id. Raises BadInput naming the field, NotFound, Unavailable."""
    _check(entry)
    async with hub.transaction() as tx:
        whom = await _whom(tx, person, entry)
    noted = {
        "id": entry.client_id,
        "what": entry.what,
        "by": person.name,
        "address": whom.address,
        "type": whom.type,
        "name": whom.name,
        "subject": entry.subject.strip(),
        "text": entry.text,
        "joins": hub.crypto.sign("reply", entry.conversation_id) if entry.conversation_id else "",
        "files": list(entry.files),
    }
    outcome = await inbound.receive(channel, Raw(body=msgspec.json.encode(noted)))
    if outcome.message_id is not None:
        return outcome.message_id
    async with hub.transaction() as tx:  # the same again: its first time says which message it is
        known = await of_arrival(tx, outcome.arrival_id)
    if known is None:
        raise BadInput(_("This could not be written down: %(why)s", why=outcome.reason or outcome.state))
    return known


def _check(entry: Entry) -> None:
    if not 0 < len(entry.client_id) <= LONGEST_CLIENT_ID:
        raise BadInput(_("client_id: use 1 to 100 characters."), field="client_id")
    if entry.what not in WHATS:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(WHATS)), field="what")
    if not entry.text.strip() and not entry.files:
        raise BadInput(_("Write what it was about, or add a photo."), field="text")
    if len(entry.text) > LONGEST_TEXT:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=LONGEST_TEXT), field="text")


async def _whom(tx: Tx, person: Person, entry: Entry) -> Whom:
    """Somebody known, the conversation's own person, an address looked up or made, or nobody but a name."""
    contact_id = entry.contact_id
    if entry.conversation_id is not None:
        held = await thread.head(tx, entry.conversation_id, person.id)
        contact_id = contact_id or (None if entry.address.strip() or entry.name.strip() else held.contact_id)
    if contact_id is not None:
        return await _known(tx, contact_id)
    if typed := entry.address.strip():
        return _typed(typed, entry.name.strip())
    if not entry.name.strip():
        raise BadInput(_("Say who it was: somebody known, or a name."), field="name")
    return Whom(ADDRESS_TYPE, f"visitor:{entry.client_id}", entry.name.strip())


async def _known(tx: Tx, contact_id: int) -> Whom:
    """Their proven address; to have been here proves no other one."""
    found = await contacts.load(tx, contact_id)
    proven = [one for one in found.addresses if one.verified and one.usable and not one.shared]
    proven = [one for one in proven if one.type in addresses.NORMAL]
    if proven:
        return Whom(proven[0].type, proven[0].value)
    value = await addresses.stand_for(tx, found.contact.id, ADDRESS_TYPE)
    return Whom(ADDRESS_TYPE, value)


def _typed(typed: str, name: str) -> Whom:
    """An address the agent vouches for. Raises BadInput."""
    type_ = "email" if "@" in typed else "phone"
    try:
        return Whom(type_, addresses.normalised(type_, typed), name)
    except BadInput as error:
        raise BadInput(error.message, field="address") from error


async def conversation_of(tx: Tx, message_id: int) -> int:
    """Where a message is shown. Raises NotFound."""
    shown = await thread.shown_in(tx, message_id)
    if shown is None:
        raise NotFound(_("There is no such message."))
    return shown
