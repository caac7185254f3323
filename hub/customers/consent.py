"""The people's wishes: a ledger per address and purpose, with source and proof; the newest row counts.

A wish told on one channel (a carrier's STOP) names it; without a channel it holds wherever we write.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.channels.facts import OptedIn, OptedOut
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import N_, _

PURPOSES = {
    "service": N_("Answers to what they ask"),
    "marketing": N_("Campaigns and offers"),
    "opens": N_("That we learn when they open a mail"),
}
SOURCES = {
    "word": N_("they wrote “%(proof)s”"),
    "provider": N_("their carrier told us: %(proof)s"),
    "bounce": N_("a mail came back: %(proof)s"),
    "complaint": N_("they marked a message of ours as spam"),
    "one_click": N_("they unsubscribed with one click: %(proof)s"),
    "link": N_("they chose it on their preference page: %(proof)s"),
    "agent": N_("%(agent)s wrote it down: %(proof)s"),
    "import": N_("came with an import: %(proof)s"),
    "erased": N_("they had said so before they were erased"),
    "erasure": N_("they were erased once"),
}
BY_THEMSELVES = ("word", "provider")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. `channel_id` None: everywhere. `proof`: what was said, or who says so."""

    address_id: int
    purpose: str
    granted: bool
    source: str
    proof: str = ""
    channel_id: int | None = None
    agent_id: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that counts now, as people read it; `channel_name` None: everywhere."""

    address_id: int
    purpose: str
    granted: bool
    source: str
    proof: str
    at: datetime
    channel_name: str | None
    agent_name: str | None


Ledger = dict[int, list[Wish]]
"""Address id → its rows, oldest first."""


async def look_up(tx: Tx, address_ids: Sequence[int]) -> Ledger:
    """The whole ledger of these addresses: a step of the road in."""
    found: Ledger = {id_: [] for id_ in address_ids}
    if not address_ids:
        return found
    for wish in await tx.rows(
        Wish,
        """
        SELECT address_id, purpose, granted, source, proof, channel_id, agent_id
        FROM consent WHERE address_id = ANY($1) ORDER BY id
        """,
        list(address_ids),
    ):
        found[wish.address_id].append(wish)
    return found


def decide(ledger: Ledger, address_id: int, channel_id: int, fact: OptedOut | OptedIn) -> list[Wish]:
    """What a stop or start word adds; nothing when it is already so. The ledger grows with it.

    Stop ends everything on that channel, and marketing everywhere. Start gives back only what stop took: a
    "yes" in the middle of a conversation grants nothing.
    """
    rows = ledger.setdefault(address_id, [])
    wanted = _stopped(rows, channel_id) if isinstance(fact, OptedOut) else _started(rows, channel_id)
    made = [
        Wish(
            address_id=address_id,
            purpose=purpose,
            granted=isinstance(fact, OptedIn),
            source=fact.source if fact.source in BY_THEMSELVES else "word",
            proof=fact.word[:200],
            channel_id=where,
        )
        for purpose, where in wanted
    ]
    rows.extend(made)
    return made


async def record(tx: Tx, wishes: Sequence[Wish]) -> None:
    """Write rows into the ledger, in their order. A yes that an import brings never lifts a no (promise 69)."""
    if not wishes:
        return
    await tx.execute(
        """
        INSERT INTO consent (address_id, purpose, granted, source, proof, channel_id, agent_id)
        SELECT w.address_id, w.purpose, w.granted, w.source, w.proof, w.channel_id, w.agent_id
        FROM unnest($1::bigint[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
             WITH ORDINALITY AS w (address_id, purpose, granted, source, proof, channel_id, agent_id, place)
        WHERE NOT (w.source = 'import' AND w.granted AND coalesce(
              (SELECT NOT granted FROM consent AS known
               WHERE known.address_id = w.address_id AND known.purpose = w.purpose
               ORDER BY known.id DESC LIMIT 1), false))
        ORDER BY w.place
        """,
        [one.address_id for one in wishes],
        [one.purpose for one in wishes],
        [one.granted for one in wishes],
        [one.source for one in wishes],
        [one.proof.replace("\0", "")[:1000] for one in wishes],
        [one.channel_id for one in wishes],
        [one.agent_id for one in wishes],
    )


async def write_down(
    tx: Tx, contact_id: int, address_id: int, purpose: str, *, granted: bool, reason: str, agent_id: int
) -> None:
    """An agent notes a wish told to them, with the reason. Raises BadInput, NotFound for another's address."""
    if purpose not in PURPOSES:
        raise BadInput(_("Choose what the wish is about."), field="purpose")
    if not reason.strip():
        raise BadInput(_("Say how you know."), field="reason")
    root = await tx.value(
        """
        SELECT c.root_id FROM address a JOIN contact c ON c.id = a.contact_id
        WHERE a.id = $1 AND c.root_id = (SELECT root_id FROM contact WHERE id = $2)
        """,
        address_id,
        contact_id,
    )
    if root is None:
        raise NotFound(_("There is no such address."))
    wish = Wish(
        address_id=address_id,
        purpose=purpose,
        granted=granted,
        source="agent",
        proof=reason.strip(),
        agent_id=agent_id,
    )
    await record(tx, [wish])
    verb = "consent_granted" if granted else "consent_refused"
    await history.record(tx, verb, agent_id=agent_id, contact_id=root, address_id=address_id, purpose=purpose)


async def standing(tx: Tx, contact_id: int) -> dict[int, list[Standing]]:
    """What counts now for each address of a person, merged ones included; by address id."""
    found: dict[int, list[Standing]] = {}
    for one in await tx.rows(
        Standing,
        """
        SELECT DISTINCT ON (k.address_id, k.purpose, k.channel_id)
               k.address_id, k.purpose, k.granted, k.source, k.proof, k.at, n.name AS channel_name,
               g.name AS agent_name
        FROM contact own JOIN contact c ON c.root_id = own.root_id
        JOIN address a ON a.contact_id = c.id JOIN consent k ON k.address_id = a.id
        LEFT JOIN channel n ON n.id = k.channel_id LEFT JOIN agent g ON g.id = k.agent_id
        WHERE own.id = $1 ORDER BY k.address_id, k.purpose, k.channel_id, k.id DESC
        """,
        contact_id,
    ):
        found.setdefault(one.address_id, []).append(one)
    return found


def why(one: Standing) -> str:
    """How we know, in the language being spoken."""
    return _(SOURCES.get(one.source, "%(proof)s"), proof=one.proof or "—", agent=one.agent_name or "—")


def _stopped(rows: Sequence[Wish], channel_id: int) -> list[tuple[str, int | None]]:
    wanted: list[tuple[str, int | None]] = []
    service, marketing = _newest(rows, "service", channel_id), _newest(rows, "marketing", channel_id)
    if service is None or service.granted:
        wanted.append(("service", channel_id))
    if marketing is None or marketing.granted:
        wanted.append(("marketing", None))
    return wanted


def _started(rows: Sequence[Wish], channel_id: int) -> list[tuple[str, int | None]]:
    wanted: list[tuple[str, int | None]] = []
    service, marketing = _newest(rows, "service", channel_id), _newest(rows, "marketing", channel_id)
    if service is None or service.granted:
        return []  # they had not stopped: the word was only a word
    wanted.append(("service", channel_id))
    had_agreed = any(one.granted for one in rows if one.purpose == "marketing")
    if had_agreed and marketing and not marketing.granted and marketing.source in BY_THEMSELVES:
        wanted.append(("marketing", channel_id))
    return wanted


def _newest(rows: Sequence[Wish], purpose: str, channel_id: int) -> Wish | None:
    own = [one for one in rows if one.purpose == purpose and one.channel_id in (None, channel_id)]
    return own[-1] if own else None
