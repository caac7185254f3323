"""What a person chooses behind the signed link of a message: stop, start again, which ways, what about, when.

The link is the proof: whoever holds it received what we sent to that address, so it may say yes for that address
and no for all of the person's. A forwarded mail's link opens the page too, so it shows addresses only masked.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels import connections
from hub.channels.registry import adapter
from hub.customers import contact_hours, interests
from hub.customers.consent import Wish, record
from hub.customers.contact_hours import Hours
from hub.plumbing import history
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

PURPOSE = "unsubscribe"
_RECIPIENT_BITS = 44


class Named(msgspec.Struct, frozen=True):
    """What a link names: the address (leaf) it was sent to, and as a recipient of which campaign; 0: none."""

    address_id: int
    recipient_id: int


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the person. `own`: the link came by it. `blocked`: its carrier or mailbox lets nothing through.

    `usual`: campaigns may have come by it, so it is shown.
    """

    address_id: int
    type: str
    value: str
    wanted: bool
    blocked: bool
    opens: bool
    own: bool
    usual: bool

    @property
    def masked(self) -> str:
        """Enough to recognise one's own."""
        return masked(self.value)


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """All a person may choose. `language`: theirs, "" unknown. `refused`: interests they said no to."""

    contact_id: int
    language: str
    ways: list[Way]
    interests: list[interests.Interest]
    refused: set[int]
    hours: Hours | None

    @property
    def own(self) -> Way:
        """The address the link came by."""
        return next(one for one in self.ways if one.own)

    @property
    def gets_nothing(self) -> bool:
        """Whether no campaign reaches them by any way."""
        return not any(one.wanted for one in self.ways)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen: ways by address id, interests by id. `opens`: we may learn when they open a mail."""

    ways: set[int]
    interests: set[int]
    hours: Hours | None
    opens: bool


def unsubscribe_url(base_url: str, crypto: Crypto, address_id: int, recipient_id: int = 0) -> str:
    """The link of List-Unsubscribe and of the text, for an address (leaf) and a recipient of a campaign.

    It never ends: neither a merge, nor a restore, nor the erasure of the person makes it another's or useless.
    """
    return f"{base_url}/u/{crypto.sign(PURPOSE, address_id << _RECIPIENT_BITS | recipient_id)}"


def read(crypto: Crypto, token: str) -> Named | None:
    """What the token of such a link names; None for one we did not make."""
    number = crypto.verify(PURPOSE, token)
    if number is None:
        return None
    return Named(number >> _RECIPIENT_BITS, number & (1 << _RECIPIENT_BITS) - 1)


async def load(tx: Tx, address_id: int) -> Preferences | None:
    """What the person of this address chose until now; None when we have no such address any more."""
    person = await tx.record(
        """
        SELECT root.id, root.language FROM address a JOIN contact c ON c.id = a.contact_id
        JOIN contact root ON root.id = c.root_id WHERE a.id = $1
        """,
        address_id,
    )
    if person is None:
        return None
    ways = await _ways(tx, address_id, person["id"])
    known = await interests.listed(tx, active_only=True)
    refused = await interests.refused(tx, [address_id])
    hours = await contact_hours.of_contacts(tx, [person["id"]])
    return Preferences(
        contact_id=person["id"],
        language=person["language"],
        ways=ways,
        interests=known,
        refused=refused.get(address_id, set()),
        hours=hours.get(person["id"]),
    )


async def stop(tx: Tx, address_id: int, *, source: str, proof: str) -> bool:
    """No more campaigns to this address, by any channel; False when it was so already, or nobody has it any more."""
    before = await _held(tx, address_id)
    if before is None:
        return False
    own = before.own
    refused = await _newest_is_no(tx, [address_id])
    if address_id in refused:
        return False
    await _tell(tx, before.contact_id, [own], granted=False, source=source, proof=proof)
    return True


async def stop_all(tx: Tx, address_id: int, *, proof: str) -> None:
    """No more campaigns to any address of the person. Raises NotFound."""
    before = await _held(tx, address_id)
    if before is None:
        raise NotFound(_("We no longer have this address, and write nothing to it."))
    refused = await _newest_is_no(tx, [one.address_id for one in before.ways])
    ways = [one for one in before.ways if one.address_id not in refused]
    await _tell(tx, before.contact_id, ways, granted=False, source="link", proof=proof)


async def start(tx: Tx, address_id: int, *, proof: str) -> None:
    """Campaigns again, to this address alone: the link proves no other. Raises NotFound."""
    before = await _held(tx, address_id)
    if before is None:
        raise NotFound(_("We no longer have this address, and write nothing to it."))
    ways = [] if before.own.wanted else [before.own]
    await _tell(tx, before.contact_id, ways, granted=True, source="link", proof=proof)


async def save(tx: Tx, address_id: int, chosen: Chosen, *, proof: str) -> None:
    """Everything the page asks at once; only what changed is recorded. Raises BadInput(field), NotFound."""
    before = await _held(tx, address_id)
    if before is None:
        raise NotFound(_("We no longer have this address, and write nothing to it."))
    own, contact_id = before.own, before.contact_id
    shown = [one for one in before.ways if one.usual]
    ended = [one for one in shown if one.wanted and one.address_id not in chosen.ways]
    begun = [own] if not own.wanted and own.address_id in chosen.ways else []
    await _tell(tx, contact_id, ended, granted=False, source="link", proof=proof)
    await _tell(tx, contact_id, begun, granted=True, source="link", proof=proof)
    if own.opens != chosen.opens:
        await _tell(tx, contact_id, [own], granted=chosen.opens, source="link", proof=proof, purpose="opens")
    addresses = [one.address_id for one in before.ways]
    if changed := await interests.choose(tx, addresses, sorted(chosen.interests)):
        await history.record(tx, "interests_chosen", contact_id=contact_id, changed=changed, proof=proof)
    if await contact_hours.choose(tx, contact_id, chosen.hours):
        hours = msgspec.to_builtins(chosen.hours)
        await history.record(tx, "hours_chosen", contact_id=contact_id, hours=hours, proof=proof)


def masked(value: str) -> str:
    """`marta@acme.test` → `m•••@a•••.test`, `+34600111222` → `+34 ••• 22`; anything else tells nothing."""
    local, at, domain = value.rpartition("@")
    if at and local:
        name, dot, ending = domain.rpartition(".")
        return f"{local[:1]}•••@{(name or ending)[:1]}•••{dot}{ending if dot else ''}"
    return f"{value[:3]} ••• {value[-2:]}" if value.startswith("+") and len(value) > 8 else "•••"


async def may_see_opens(tx: Tx, address_ids: Sequence[int]) -> set[int]:
    """Which of these addresses agreed that we learn when they open a mail: only theirs carry the picture for it."""
    rows = await tx.fetch(
        """
        SELECT a.id FROM unnest($1::bigint[]) AS a (id)
        WHERE (SELECT granted FROM consent WHERE address_id = a.id AND purpose = 'opens' ORDER BY id DESC LIMIT 1)
        """,
        list(address_ids),
    )
    return {row["id"] for row in rows}


async def _held(tx: Tx, address_id: int) -> Preferences | None:
    """The same as `load`, with the person's addresses locked: a link pressed twice at once is recorded once."""
    await tx.execute(
        """
        SELECT a.id FROM address own JOIN contact c ON c.id = own.contact_id
        JOIN contact member ON member.root_id = c.root_id JOIN address a ON a.contact_id = member.id
        WHERE own.id = $1 ORDER BY a.id FOR NO KEY UPDATE OF a
        """,
        address_id,
    )
    return await load(tx, address_id)


async def _ways(tx: Tx, address_id: int, contact_id: int) -> list[Way]:
    types = {
        can.address_type
        for kind in await connections.kinds(tx)
        if (can := adapter(kind).can).sends and not (can.live or can.logged or can.form)
    }
    return await tx.rows(
        Way,
        """
        SELECT a.id AS address_id, a.type, a.value, a.id = $2 AS own,
               a.id = $2 OR a.type = ANY($3) AND EXISTS (
                   SELECT FROM consent WHERE consent.address_id = a.id AND purpose = 'marketing' AND granted) AS usual,
               coalesce((SELECT granted FROM consent WHERE consent.address_id = a.id AND purpose = 'marketing'
                         ORDER BY id DESC LIMIT 1), false) AS wanted,
               NOT a.usable OR coalesce(
                   (SELECT NOT granted FROM consent WHERE consent.address_id = a.id AND purpose = 'service'
                    ORDER BY id DESC LIMIT 1), false) AS blocked,
               coalesce((SELECT granted FROM consent WHERE consent.address_id = a.id AND purpose = 'opens'
                         ORDER BY id DESC LIMIT 1), false) AS opens
        FROM contact c JOIN address a ON a.contact_id = c.id
        WHERE c.root_id = $1 ORDER BY a.id <> $2, a.id
        """,
        contact_id,
        address_id,
        sorted(types),
    )


async def _newest_is_no(tx: Tx, address_ids: Sequence[int]) -> set[int]:
    """Those whose last word about campaigns was no, for every channel; who never said anything is not among them."""
    rows = await tx.fetch(
        """
        SELECT a.id FROM unnest($1::bigint[]) AS a (id)
        WHERE (SELECT NOT granted AND channel_id IS NULL FROM consent
               WHERE address_id = a.id AND purpose = 'marketing' ORDER BY id DESC LIMIT 1)
        """,
        list(address_ids),
    )
    return {row["id"] for row in rows}


async def _tell(
    tx: Tx,
    contact_id: int,
    ways: Sequence[Way],
    *,
    granted: bool,
    source: str,
    proof: str,
    purpose: str = "marketing",
) -> None:
    await record(
        tx,
        [
            Wish(address_id=one.address_id, purpose=purpose, granted=granted, source=source, proof=proof)
            for one in ways
        ],
    )
    verb = "consent_granted" if granted else "consent_refused"
    for one in ways:
        await history.record(
            tx,
            verb,
            contact_id=contact_id,
            address_id=one.address_id,
            purpose=purpose,
            source=source,
            proof=proof,
        )
    if ways:
        tx.signal("contact", contact_id, [f"contact:{contact_id}"])
