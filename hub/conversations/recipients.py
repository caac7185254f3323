"""To whom an answer goes: what the agent chose, checked; else whoever wrote last and proved who they are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels.base import Adapter, Capabilities
from hub.channels.facts import Party
from hub.channels.sorting import plain_address
from hub.channels.text import one_line
from hub.conversations.windows import CLOSED, until
from hub.deliveries.permission import No, may_send
from hub.deliveries.queueing import Addressee
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_RECIPIENTS = 50


class Recipients(msgspec.Struct, frozen=True):
    """What the headers show, and whom the envelopes name."""

    to: list[Party]
    cc: list[Party]
    addressees: list[Addressee]


async def choose(
    tx: Tx,
    conversation_id: int,
    channel_id: int,
    speaking: Adapter,
    *,
    to: Sequence[Party] | None,
    cc: Sequence[Party] | None,
    free_text: bool = True,
) -> Recipients:
    """Checked recipients. None means the default: the last proven writer, and the participants in copy.

    `free_text` False: an approved text, which knows no window.
    Raises BadInput naming the address that cannot be written to, and why.
    """
    address_type = speaking.can.address_type
    chosen_to = _checked(to, speaking, "to") if to is not None else []
    chosen_to = chosen_to or _reachable(await _default_to(tx, conversation_id, address_type), speaking)
    if not chosen_to:
        raise BadInput(_("Nobody to answer on this channel: choose a recipient."), field="to")
    chosen_cc = (
        _checked(cc, speaking, "cc")
        if cc is not None
        else await _default_cc(tx, conversation_id, address_type)
    )
    named = {party.address for party in chosen_to}
    chosen_cc = [party for party in chosen_cc if party.address not in named]
    if len(chosen_to) + len(chosen_cc) > MOST_RECIPIENTS:
        raise BadInput(_("At most %(n)s recipients.", n=MOST_RECIPIENTS), field="to")
    return Recipients(
        chosen_to,
        chosen_cc,
        await _addressees(tx, channel_id, speaking.can, chosen_to, chosen_cc, free_text),
    )


def _checked(parties: Sequence[Party], speaking: Adapter, field: str) -> list[Party]:
    found: dict[str, Party] = {}
    for party in parties:
        try:
            address = speaking.normalised(one_line(party.address))
        except ValueError as error:
            raise BadInput(
                _("“%(address)s” is no address.", address=party.address[:100]), field=field
            ) from error
        found.setdefault(address, Party(address, one_line(party.name)[:200]))
    return list(found.values())


def _reachable(parties: list[Party], speaking: Adapter) -> list[Party]:
    """Without those who wrote and left no address (a withheld number)."""
    return [party for party in parties if _is_address(party.address, speaking)]


def _is_address(value: str, speaking: Adapter) -> bool:
    try:
        return bool(speaking.normalised(value))
    except ValueError:
        return False


async def _default_to(tx: Tx, conversation_id: int, address_type: str) -> list[Party]:
    """Whoever of the participants wrote last (a stranger with a stolen reference is none: promise 38).

    Reply-To counts only on a mail whose sender is verified: it is the easiest way to redirect an answer.
    """
    row = await tx.record(
        """
        SELECT a.value, coalesce(nullif(a.name, ''), c.name) AS name, m.verified, m.recipients -> 'reply_to' AS reply_to
        FROM participant p JOIN address a ON a.id = p.address_id JOIN contact c ON c.id = a.contact_id
        LEFT JOIN LATERAL (
            SELECT id, verified, recipients FROM message
            WHERE conversation_id = $1 AND direction = 'in' AND address_id = a.id ORDER BY seq DESC LIMIT 1
        ) AS m ON true
        WHERE p.conversation_id = $1 AND p.role IN ('main', 'cc') AND a.type = $2
        ORDER BY m.id DESC NULLS LAST, p.role = 'main' DESC LIMIT 1
        """,
        conversation_id,
        address_type,
    )
    if row is None:
        return await _contact_address(tx, conversation_id, address_type)
    if row["verified"] and row["reply_to"]:
        parties = [Party(one["address"], one.get("name", "")) for one in row["reply_to"]]
        return [party for party in parties if not await _is_ours(tx, address_type, party.address)][:5] or [
            Party(row["value"], row["name"])
        ]
    return [Party(row["value"], row["name"])]


async def _contact_address(tx: Tx, conversation_id: int, address_type: str) -> list[Party]:
    """An address of the main contact of this type: the answer crosses to a channel they have not used here."""
    row = await tx.record(
        """
        SELECT a.value, c.name FROM conversation v
        JOIN contact leaf ON leaf.id = v.contact_id
        JOIN contact c ON c.root_id = leaf.root_id
        JOIN address a ON a.contact_id = c.id AND a.type = $2
        WHERE v.id = $1 ORDER BY a.usable DESC, a.verified DESC, a.id LIMIT 1
        """,
        conversation_id,
        address_type,
    )
    return [] if row is None else [Party(row["value"], row["name"])]


async def _default_cc(tx: Tx, conversation_id: int, address_type: str) -> list[Party]:
    rows = await tx.fetch(
        """
        SELECT a.value, a.name FROM participant p JOIN address a ON a.id = p.address_id
        WHERE p.conversation_id = $1 AND p.role = 'cc' AND a.type = $2 AND a.usable ORDER BY a.id LIMIT $3
        """,
        conversation_id,
        address_type,
        MOST_RECIPIENTS - 1,
    )
    return [Party(row["value"], row["name"]) for row in rows]


async def _is_ours(tx: Tx, address_type: str, address: str) -> bool:
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM channel_address WHERE type = $1 AND value = ANY($2))",
            address_type,
            [address.lower(), plain_address(address)],
        )
    )


async def _addressees(
    tx: Tx,
    channel_id: int,
    can: Capabilities,
    to: Sequence[Party],
    cc: Sequence[Party],
    free_text: bool,
) -> list[Addressee]:
    """One envelope each. Raises BadInput for our own lines (a loop) and for whom we may not write to."""
    values = [party.address for party in (*to, *cc)]
    rows = await tx.fetch(
        "SELECT id, value FROM address WHERE type = $1 AND value = ANY($2)", can.address_type, values
    )
    known = {row["value"]: row["id"] for row in rows}
    windows = await until(tx, channel_id, can, list(known.values()))
    unknown = CLOSED if can.window_hours else None
    found = []
    for field, parties in (("to", to), ("cc", cc)):
        for party in parties:
            if await _is_ours(tx, can.address_type, party.address):
                raise BadInput(_("%(address)s is one of our own lines.", address=party.address), field=field)
            address_id = known.get(party.address)
            ends = (windows[address_id] if address_id else unknown) if free_text else None
            answer = await may_send(tx, address_id or 0, "service", channel_id=channel_id, window_until=ends)
            if isinstance(answer, No):
                raise BadInput(f"{party.address}: {answer.reason}", field=field)
            found.append(Addressee(party.address, field, address_id, ends))
    return found
