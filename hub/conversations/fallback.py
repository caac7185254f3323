"""An answer that did not arrive goes on by the next permitted way: a second delivery of the same message.

Both roads leave a todo row (conversations/outcomes); its handler calls `go_on`. The new delivery is held, so
that a person can stop it; it is stopped too when the customer writes or the first one arrives after all. The
conversation is held while this is decided, the deliveries are locked, and `delivery.fallback_of` is unique:
two workers never send twice (INVARIANTS §20).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.channels import connections
from hub.channels.registry import adapter
from hub.conversations.answered import remember
from hub.conversations.fallback_policy import Failure, Used, next_way, policy_of, stays
from hub.conversations.holding import Held, hold, note
from hub.conversations.outcomes import thread_topics
from hub.conversations.ways import Way, ways
from hub.customers import consent
from hub.customers.usability import mark_unusable
from hub.deliveries.canceling import cancel_if_held
from hub.deliveries.noting import lock
from hub.deliveries.queueing import Addressee, Delivery, queue_fallback
from hub.deliveries.states import GOING, Changed
from hub.plumbing.clock import now
from hub.plumbing.db import Asked, Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.history import record
from hub.plumbing.texts import _

CHOICES = ("", "on", "off")


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it stands while its conversation is held; `root_id`: whose address it went to."""

    id: int
    message_id: int
    conversation_id: int
    channel_id: int
    address_id: int
    root_id: int
    state: str
    purpose: str
    role: str
    automatic: bool
    claimed: bool
    choice: str
    customer_wrote: bool
    reached: bool
    has_next: bool


async def go_on(tx: Tx, delivery_id: int, *, silent: bool = False) -> Delivery | None:
    """Queue the next way for a delivery that failed, or left without a report (`silent`); None if none fits."""
    conversation_id = await _conversation_of(tx, delivery_id)
    if conversation_id is None:
        return None
    held = await hold(tx, conversation_id)
    rows = await tx.fetch(
        "SELECT id FROM delivery WHERE message_id = (SELECT message_id FROM delivery WHERE id = $1)",
        delivery_id,
    )
    await lock(tx, [row["id"] for row in rows])
    failed = await _load(tx, delivery_id)
    if failed is None:
        return None
    channel = await connections.load(tx, failed.channel_id)
    policy = policy_of(channel.settings, adapter(channel.kind).can)
    if stays(_failure(failed, silent), policy):
        return None
    found = await ways(tx, held.id, failed.root_id, at=now())
    way = next_way(found, await _used(tx, failed.message_id), failed.root_id, policy, now())
    if way is None:
        return None
    return await _queue(tx, held, failed, channel.name, way, policy.cancel_minutes * 60.0)


async def learn(
    tx: Tx, delivery_id: int, *, dead: bool, opted_out: bool, reason: str, only_here: bool = False
) -> None:
    """What a refused send says of the address itself. Its own first step: addresses are locked first (§9)."""
    row = await tx.record(
        "SELECT address_id, channel_id FROM delivery WHERE id = $1 AND address_id IS NOT NULL", delivery_id
    )
    if row is None or not (dead or opted_out):
        return
    if dead:
        alone = {row["address_id"]: row["channel_id"]} if only_here else {}
        await mark_unusable(tx, {row["address_id"]: reason}, only_on=alone)
        if only_here:
            return
    wish = consent.Wish(
        address_id=row["address_id"],
        purpose="marketing" if dead else "service",
        granted=False,
        source="bounce" if dead else "provider",
        proof=reason,
        channel_id=None if dead else row["channel_id"],
    )
    await consent.record(tx, [wish])


class Waiting(msgspec.Struct, frozen=True):
    """A conversation in which something waits to go on by another channel."""

    conversation_id: int


def asked() -> dict[str, Asked]:
    """Where something waits to go on by another channel: few at any moment; may travel with other look-ups."""
    return {"fallbacks": Asked(Waiting, WAITING)}


def asked_any() -> dict[str, Asked]:
    """Whether anything waits to go on at all: one row or none."""
    return {"any_fallback": Asked(There, ANY_WAITING)}


class There(msgspec.Struct, frozen=True):
    """There is at least one."""

    there: bool


ANY_WAITING = "SELECT true AS there FROM delivery WHERE state = 'held' AND fallback_of IS NOT NULL LIMIT 1"

WAITING = """
    SELECT DISTINCT coalesce(v.joined_into_id, v.id) AS conversation_id
    FROM delivery d JOIN message m ON m.id = d.message_id JOIN conversation v ON v.id = m.conversation_id
    WHERE d.state = 'held' AND d.fallback_of IS NOT NULL
"""


async def customer_wrote(tx: Tx, conversation_ids: Sequence[int]) -> list[Changed]:
    """They wrote: what still waits to go on by another channel in these conversations does not leave."""
    rows = await tx.fetch(
        """
        SELECT d.id FROM delivery d JOIN message m ON m.id = d.message_id
        JOIN conversation v ON v.id = m.conversation_id
        WHERE d.state = 'held' AND d.fallback_of IS NOT NULL AND coalesce(v.joined_into_id, v.id) = ANY($1)
        """,
        list(conversation_ids),
    )
    changed = await cancel_if_held(tx, [row["id"] for row in rows])
    for one in changed:
        await _tell_stopped(tx, one, "fallback_answered", None)
    return changed


async def stop(tx: Tx, delivery_id: int, agent_id: int) -> Changed:
    """An agent stops a held one. Raises NotFound, and Conflict when it has left already."""
    conversation_id = await _conversation_of(tx, delivery_id)
    follows = await tx.value("SELECT fallback_of FROM delivery WHERE id = $1", delivery_id)
    if conversation_id is None or follows is None:
        raise NotFound(_("There is no such delivery."))
    await hold(tx, conversation_id)
    changed = await cancel_if_held(tx, [delivery_id])
    if not changed:
        raise Conflict(_("It is already on its way and cannot be stopped."))
    await _tell_stopped(tx, changed[0], "fallback_stopped", agent_id)
    return changed[0]


async def choose(tx: Tx, conversation_id: int, choice: str, agent_id: int) -> None:
    """For this conversation alone: "on", "off", or "" as the channel says. Raises BadInput."""
    if choice not in CHOICES:
        raise BadInput(_("Choose on, off or as the channel says."), field="fallback")
    held = await hold(tx, conversation_id)
    await tx.execute("UPDATE conversation SET fallback = $2 WHERE id = $1", held.id, choice)
    await note(tx, "fallback_chosen", held, agent_id, choice=choice)


async def chosen(tx: Tx, conversation_id: int) -> str:
    """What was chosen for this conversation: on, off, or "" as the channel says."""
    found: str | None = await tx.value("SELECT fallback FROM conversation WHERE id = $1", conversation_id)
    return found or ""


async def send_otherwise(
    tx: Tx, message_id: int, delivery_id: int, channel_id: int, address_id: int, agent_id: int
) -> Delivery:
    """A person sends a failed answer by another way, at once. Raises NotFound, BadInput, Conflict."""
    conversation_id = await _conversation_of(tx, delivery_id)
    if conversation_id is None:
        raise NotFound(_("There is no such delivery."))
    held = await hold(tx, conversation_id)
    await lock(tx, [delivery_id])
    failed = await _load(tx, delivery_id)
    if failed is None or failed.message_id != message_id:
        raise NotFound(_("There is no such delivery."))
    if failed.state not in ("failed", "unknown") or failed.has_next or failed.reached:
        raise Conflict(_("This is not a failed or perhaps sent delivery any more."))
    for way in await ways(tx, held.id, failed.root_id, at=now()):
        if (way.channel.id, way.address_id) == (channel_id, address_id) and not way.why_not:
            name = (await connections.load(tx, failed.channel_id)).name
            return await _queue(tx, held, failed, name, way, 0.0, agent_id)
    raise BadInput(_("This way cannot be used now."), field="channel_id")


async def _queue(
    tx: Tx,
    held: Held,
    failed: Undelivered,
    before: str,
    way: Way,
    seconds: float,
    agent_id: int | None = None,
) -> Delivery:
    whom = Addressee(way.address, "to", way.address_id, way.window_until)
    made = await queue_fallback(tx, failed.id, way.channel.id, whom, hold_seconds=seconds)
    await remember(tx, held, way.channel, way.can, [whom])
    details: dict[str, Any] = {"before": before, "after": way.channel.name, "recipient": way.address}
    await note(tx, "sent_otherwise" if agent_id else "fell_back", held, agent_id, **details)
    shown = thread_topics(held.joined_into_id or held.id)
    tx.signal("message", failed.message_id, shown)
    tx.signal("delivery", made.id, ["unanswered"])
    return made


def _failure(failed: Undelivered, silent: bool) -> Failure:
    return Failure(
        state=failed.state,
        purpose=failed.purpose,
        role=failed.role,
        automatic=failed.automatic,
        claimed=failed.claimed,
        silent=silent,
        choice=failed.choice,
        customer_wrote=failed.customer_wrote,
        reached=failed.reached,
        has_next=failed.has_next,
    )


async def shown_in(tx: Tx, delivery_id: int) -> int | None:
    """In which thread a delivery's message stands now: joins are followed. None when it is gone."""
    found: int | None = await tx.value(
        """
        SELECT coalesce(v.joined_into_id, v.id) FROM delivery d JOIN message m ON m.id = d.message_id
        JOIN conversation v ON v.id = m.conversation_id WHERE d.id = $1
        """,
        delivery_id,
    )
    return found


async def _conversation_of(tx: Tx, delivery_id: int) -> int | None:
    found: int | None = await tx.value(
        "SELECT m.conversation_id FROM delivery d JOIN message m ON m.id = d.message_id WHERE d.id = $1",
        delivery_id,
    )
    return found


async def _load(tx: Tx, delivery_id: int) -> Undelivered | None:
    """The delivery and what stands around it; None for one without a known address."""
    return await tx.row(
        Undelivered,
        """
        SELECT d.id, d.message_id, m.conversation_id, d.channel_id, d.address_id, c.root_id, d.state, d.purpose,
               d.role, d.automatic OR m.automatic AS automatic, v.fallback AS choice,
               EXISTS (SELECT FROM chat_mailed WHERE delivery_id = d.fallback_of) AS claimed,
               EXISTS (SELECT FROM conversation k JOIN message later ON later.conversation_id = k.id
                       WHERE (k.id = coalesce(v.joined_into_id, v.id)
                              OR k.joined_into_id = coalesce(v.joined_into_id, v.id))
                         AND later.direction = 'in' AND NOT later.automatic
                         AND later.created_at > m.created_at) AS customer_wrote,
               EXISTS (SELECT FROM delivery other JOIN address b ON b.id = other.address_id
                       JOIN contact p ON p.id = b.contact_id
                       WHERE other.message_id = m.id AND other.id <> d.id AND p.root_id = c.root_id
                         AND other.state = ANY($2)) AS reached,
               EXISTS (SELECT FROM delivery next WHERE next.fallback_of = d.id) AS has_next
        FROM delivery d JOIN message m ON m.id = d.message_id JOIN conversation v ON v.id = m.conversation_id
        JOIN address a ON a.id = d.address_id JOIN contact c ON c.id = a.contact_id
        WHERE d.id = $1
        """,
        delivery_id,
        list(GOING),
    )


async def _used(tx: Tx, message_id: int) -> Used:
    rows = await tx.fetch("SELECT channel_id, recipient FROM delivery WHERE message_id = $1", message_id)
    return {(row["channel_id"], row["recipient"]) for row in rows}


async def _tell_stopped(tx: Tx, one: Changed, verb: str, agent_id: int | None) -> None:
    conversation_id = await tx.value(
        """
        SELECT coalesce(v.joined_into_id, v.id) FROM message m JOIN conversation v ON v.id = m.conversation_id
        WHERE m.id = $1
        """,
        one.message_id,
    )
    await record(tx, verb, agent_id=agent_id, conversation_id=conversation_id, recipient=one.recipient)
    tx.signal("message", one.message_id or 0, thread_topics(conversation_id))
    tx.signal("delivery", one.id, ["unanswered"])
