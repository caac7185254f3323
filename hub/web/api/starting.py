"""Writing first over the API: a conversation with a person, whose first message is then posted like any other."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hub.conversations import listing, starting
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.conversations import shape
from hub.web.api.endpoints import Call, Endpoint
from hub.web.api.shapes import ConversationShape


class Beginning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /conversations: whom it is with, a contact's id, or a mail address or number and perhaps a name."""

    contact: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    address: Annotated[str, msgspec.Meta(max_length=320)] = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    subject: Annotated[str, msgspec.Meta(max_length=500)] = ""


async def begin(call: Call) -> ConversationShape:
    """The caller's own; the empty one they have with this person already is the same one."""
    wanted: Beginning = call.body
    if wanted.contact is not None and wanted.address:
        raise BadInput(_("Name a contact or an address, not both."), field="address")
    async with call.transaction() as tx:
        contact_id = wanted.contact
        if contact_id is None:
            contact_id = await starting.known_or_new(tx, wanted.name, wanted.address, call.person.id)
        begun = await starting.start(tx, contact_id, call.person, subject=wanted.subject)
        (found,) = await listing.by_ids(tx, call.person.id, [begun.id])
        return shape(found)


ENDPOINTS = [
    Endpoint(
        method="POST",
        path="/conversations",
        summary="Write first: a conversation with a contact or an address, empty until a message is posted",
        handler=begin,
        body=Beginning,
        answer=ConversationShape,
        status=201,
    ),
]
