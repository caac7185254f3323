"""What became of something we sent, told by a mail server or provider: a step of the road in (INVARIANTS §11).

`look_up` finds the deliveries a batch of reports speaks of, `decide` is pure, `write` settles them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from hub.channels.facts import DeliveryReported
from hub.customers import suppression
from hub.customers.consent import Wish, record
from hub.customers.usability import mark_unusable
from hub.deliveries.noting import lock
from hub.deliveries.states import Changed, may_become
from hub.plumbing.blotting import BLOT
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

# Enhanced codes (RFC 3463) that say the address itself is wrong for ever: no such mailbox, no such host,
# moved, mailbox disabled. Full boxes, size, spam and policy say nothing about the address.
DEAD = re.compile(r"5\.(1\.(1|2|3|6|10)|2\.1|4\.4)(?!\d)")
_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed"}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery a report may speak of, not yet locked."""

    id: int
    message_header: str
    provider_id: str
    recipient: str
    address_id: int | None


class Known(msgspec.Struct, frozen=True):
    """What `decide` may look at: candidates by id, by Message-ID, by the provider's id, and who waits for a report.

    `erased`: of the recipients whose delivery is not found, those who were erased.
    """

    by_id: dict[int, Candidate]
    by_header: dict[str, list[Candidate]]
    by_provider_id: dict[str, list[Candidate]]
    tokens: dict[str, int]
    waiting: dict[tuple[int, str], list[Candidate]] = {}
    erased: frozenset[str] = frozenset()


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """One report and its delivery. `delivery_id` None: too early, or not ours; kept if a provider named it.

    `erased`: who got it is erased, and nothing of theirs comes back by a report; `fact` has no word of them.
    """

    fact: DeliveryReported
    channel_id: int
    delivery_id: int | None
    erased: bool = False
    dead_address_id: int | None = None
    wish: Wish | None = None


async def look_up(tx: Tx, crypto: Crypto, reports: Sequence[tuple[int, DeliveryReported]]) -> Known:
    """The deliveries these (channel id, report) may speak of, in one statement; nothing is locked yet."""
    if not reports:
        return Known({}, {}, {}, {})
    facts = [fact for _, fact in reports]
    tokens = {fact.token: id_ for fact in facts if (id_ := crypto.verify("bounce", fact.token)) is not None}
    rows = await tx.rows(
        Candidate,
        """
        SELECT id, message_header, provider_id, recipient, address_id FROM delivery WHERE id = ANY($1)
        UNION
        SELECT id, message_header, provider_id, recipient, address_id FROM delivery WHERE message_header = ANY($2)
        UNION
        SELECT id, message_header, provider_id, recipient, address_id FROM delivery
        WHERE provider_id = ANY($3) AND provider_id <> ''
        """,
        list(tokens.values()),
        [fact.message_id for fact in facts if fact.message_id],
        [fact.provider_id for fact in facts if fact.provider_id],
    )
    by_header: dict[str, list[Candidate]] = {}
    by_provider_id: dict[str, list[Candidate]] = {}
    for row in rows:
        by_header.setdefault(row.message_header, []).append(row)
        by_provider_id.setdefault(row.provider_id, []).append(row)
    waiting = await _waiting(tx, [(id_, fact.recipient) for id_, fact in reports if fact.by_recipient])
    known = Known({row.id: row for row in rows}, by_header, by_provider_id, tokens, waiting)
    lost = {fact.recipient for id_, fact in reports if fact.recipient and _found(known, id_, fact) is None}
    if not lost:
        return known
    return msgspec.structs.replace(known, erased=await suppression.erased(tx, crypto, lost))


def decide(known: Known, channel_id: int, fact: DeliveryReported) -> Reported:
    """Whose report this is, and what it says of the address."""
    found = _found(known, channel_id, fact)
    if fact.recipient in known.erased if found is None else found.recipient == BLOT:
        bare = msgspec.structs.replace(fact, recipient="", reason="", message_id="", provider_id="")
        id_ = found.id if found else None
        return Reported(fact=bare, channel_id=channel_id, delivery_id=id_, erased=True)
    if found is None:
        return Reported(fact=fact, channel_id=channel_id, delivery_id=None)
    dead = fact.state == "failed" and fact.permanent and (fact.dead or _is_dead(fact))
    return Reported(
        fact=fact,
        channel_id=channel_id,
        delivery_id=found.id,
        dead_address_id=found.address_id if dead else None,
        wish=_wish(found.address_id, channel_id, fact, dead) if found.address_id else None,
    )


async def write(tx: Tx, reported: Sequence[Reported]) -> list[Changed]:
    """Settle deliveries by the table of transitions and mark dead addresses; what changed state.

    Hand the result to conversations/outcomes.tell, in the same transaction.
    """
    if not reported:
        return []
    known = [one for one in reported if one.delivery_id is not None]
    dead = {one.dead_address_id: one for one in known if one.dead_address_id}
    alone = {id_: one.channel_id for id_, one in dead.items() if one.fact.only_here}
    await mark_unusable(tx, {id_: _words(one.fact) for id_, one in dead.items()}, only_on=alone)
    await record(tx, [one.wish for one in known if one.wish])
    await _keep_early(tx, [one for one in reported if one.delivery_id is None])
    rows = await lock(tx, [one.delivery_id for one in known if one.delivery_id])
    changed: dict[int, Changed] = {}
    facts: dict[int, DeliveryReported] = {}  # that changed them
    for one in known:
        row = rows.get(one.delivery_id or 0)
        wanted = _wanted(one.fact)
        if row is None or wanted is None:
            continue
        before = changed[row.id].state if row.id in changed else row.state
        if one.fact.retry_minutes and before == "queued":
            continue  # said again of the try before
        if one.fact.retry_minutes and before == "sent" and row.tries <= 1:
            wanted = "queued"  # once: the second time it is final, and another channel's turn
        if may_become(before, wanted, "passing" if wanted == "queued" else "report"):
            changed[row.id] = Changed(
                id=row.id,
                message_id=row.message_id,
                channel_id=row.channel_id,
                recipient=row.recipient,
                recipient_id=row.recipient_id,
                before=row.state,
                state=wanted,
                permanent=wanted == "failed",
                code=one.fact.status_code[:100],
                reason=_words(one.fact),
            )
            facts[row.id] = one.fact
    await _settle(tx, list(changed.values()), facts)
    await _note_delays(tx, known)
    return list(changed.values())


async def _waiting(tx: Tx, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str], list[Candidate]]:
    """What was handed over on these lines to these recipients and has no report yet."""
    if not wanted:
        return {}
    rows = await tx.fetch(
        """
        SELECT d.channel_id, d.id, d.message_header, d.provider_id, d.recipient, d.address_id
        FROM unnest($1::bigint[], $2::text[]) AS w (channel_id, recipient)
        JOIN delivery d ON d.channel_id = w.channel_id AND d.recipient = w.recipient
        WHERE d.state IN ('sending', 'sent', 'unknown') AND d.created_at > now() - interval '7 days'
        """,
        [channel_id for channel_id, _ in wanted],
        [recipient for _, recipient in wanted],
    )
    waiting: dict[tuple[int, str], list[Candidate]] = {}
    for row in rows:
        one = msgspec.convert({name: row[name] for name in Candidate.__struct_fields__}, Candidate)
        waiting.setdefault((row["channel_id"], row["recipient"]), []).append(one)
    return waiting


def _found(known: Known, channel_id: int, fact: DeliveryReported) -> Candidate | None:
    """Our token, else the Message-ID, else the provider's id."""
    return (
        known.by_id.get(known.tokens.get(fact.token, 0))
        or _the_one(known.by_header.get(fact.message_id, []) if fact.message_id else [], fact)
        or _the_one(known.by_provider_id.get(fact.provider_id, []) if fact.provider_id else [], fact)
        or (_the_only(known.waiting.get((channel_id, fact.recipient), [])) if fact.by_recipient else None)
    )


def _the_only(found: list[Candidate]) -> Candidate | None:
    """Of two that wait nobody knows which is meant: neither."""
    return found[0] if len({one.id for one in found}) == 1 else None


def _the_one(found: list[Candidate], fact: DeliveryReported) -> Candidate | None:
    """A message to several people has several deliveries: the report's recipient says which."""
    same = [one for one in found if one.recipient.lower() == fact.recipient.lower()]
    if same:
        return max(same, key=lambda one: one.id)
    return found[0] if len(found) == 1 else None


def _wish(address_id: int, channel_id: int, fact: DeliveryReported, dead: bool) -> Wish | None:
    """What a report says of the person's wishes; only of whom that very delivery went to.

    Spam or a dead mailbox ends marketing for good, also when the address is imported again or works again.
    """
    if fact.opted_out:
        return Wish(
            address_id=address_id,
            purpose="service",
            granted=False,
            source="provider",
            proof=_words(fact),
            channel_id=channel_id,
        )
    if fact.state == "complained" or (dead and not fact.only_here):
        source = "bounce" if dead else "complaint"
        return Wish(
            address_id=address_id, purpose="marketing", granted=False, source=source, proof=_words(fact)
        )
    return None


def _is_dead(fact: DeliveryReported) -> bool:
    return DEAD.search(fact.status_code or fact.reason) is not None


def _wanted(fact: DeliveryReported) -> str | None:
    """The state a report asks for; a passing failure (4.x.x) is only a delay: somebody goes on trying."""
    if fact.state == "failed" and not fact.permanent:
        return None
    return _STATES.get(fact.state)


def _words(fact: DeliveryReported) -> str:
    text = f"{fact.status_code} {fact.reason}".strip() if fact.status_code not in fact.reason else fact.reason
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:1000]


async def _settle(tx: Tx, changed: Sequence[Changed], facts: Mapping[int, DeliveryReported]) -> None:
    await tx.execute(
        """
        UPDATE delivery SET state = r.state, permanent = r.permanent, code = r.code, reason = r.reason,
               provider_id = CASE WHEN r.state = 'queued' THEN ''
                                  ELSE coalesce(nullif(delivery.provider_id, ''), r.provider_id) END,
               due_at = CASE WHEN r.state = 'queued' THEN now() + make_interval(mins => r.minutes) ELSE due_at END,
               attempt = attempt + (r.state = 'queued')::int, tries = greatest(tries, 1),
               lease_until = NULL, reported_at = now(),
               sent_at = CASE WHEN r.state = 'failed' THEN sent_at ELSE coalesce(sent_at, now()) END
        FROM unnest($1::bigint[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::int[])
             AS r (id, state, permanent, code, reason, provider_id, minutes)
        WHERE delivery.id = r.id
        """,
        [one.id for one in changed],
        [one.state for one in changed],
        [one.permanent for one in changed],
        [one.code for one in changed],
        [one.reason for one in changed],
        [facts[one.id].provider_id for one in changed],
        [facts[one.id].retry_minutes for one in changed],
    )


async def _note_delays(tx: Tx, known: Sequence[Reported]) -> None:
    """A delay changes no state; its words stand beside the delivery, for who asks why nobody answers."""
    delays = [one for one in known if one.fact.state in ("delayed", "failed") and _wanted(one.fact) is None]
    if delays:
        await tx.execute(
            """
            UPDATE delivery SET reason = r.reason, reported_at = now()
            FROM unnest($1::bigint[], $2::text[]) AS r (id, reason)
            WHERE delivery.id = r.id AND state IN ('sending', 'sent', 'unknown')
            """,
            [one.delivery_id for one in delays],
            [_words(one.fact) for one in delays],
        )


async def _keep_early(tx: Tx, early: Sequence[Reported]) -> None:
    """A provider's report may overtake our own commit of its id: kept, and joined by the sweep."""
    kept = [one for one in early if one.fact.provider_id]
    if kept:
        await tx.execute(
            """
            INSERT INTO early_report (channel_id, provider_id, report)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::jsonb[])
            """,
            [one.channel_id for one in kept],
            [one.fact.provider_id for one in kept],
            [msgspec.to_builtins(one.fact) for one in kept],
        )


async def join_early(tx: Tx, crypto: Crypto, *, most: int = 200) -> list[Changed]:
    """Reports that came before we knew the provider's id, now that some of them are known."""
    rows = await tx.fetch(
        """
        DELETE FROM early_report WHERE id IN (
            SELECT early.id FROM early_report AS early
            WHERE EXISTS (SELECT FROM delivery WHERE delivery.channel_id = early.channel_id
                          AND delivery.provider_id = early.provider_id)
               OR early.at < now() - interval '7 days'
            ORDER BY early.id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING channel_id, report
        """,
        most,
    )
    if not rows:
        return []
    reports = [(row["channel_id"], msgspec.convert(row["report"], DeliveryReported)) for row in rows]
    known = await look_up(tx, crypto, reports)
    joined = [decide(known, channel_id, fact) for channel_id, fact in reports]
    return await write(tx, [one for one in joined if one.delivery_id is not None])
