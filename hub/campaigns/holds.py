"""What holds somebody back from a campaign for now: asked when it is prepared, for the deck, and again in the claim.

Whether they want it at all is in the claim's own WHERE (deliveries/permission).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.customers.purchases import COUNTED
from hub.deliveries.states import LEFT
from hub.plumbing.db import Tx

GONE = ("sending", *LEFT, "unknown")


class Asked(msgspec.Struct, frozen=True):
    """A recipient, whose person (root) it is by now, and the code of why it must not leave: "" for who may.

    `placed`: whose place (caps) it has from a try before.
    """

    id: int
    root_id: int
    campaign_id: int
    step: int
    code: str
    placed: int | None = None


async def check(tx: Tx, recipient_ids: Sequence[int]) -> dict[int, str]:
    """By recipient, the code of why it must not leave now (`ask`); who may is not in it."""
    return {one.id: one.code for one in await ask(tx, recipient_ids) if one.code}


async def ask(tx: Tx, recipient_ids: Sequence[int]) -> list[Asked]:
    """Whether these may leave now, as far as what is committed says.

    gone: the person was erased, or the address is another's now. dropped, stopped, reply: after it was queued.
    no_sender: who signs it is no longer active. same_person: merged with somebody who has it, perhaps has it, or whose
    turn is first of those that wait; whose hour comes first is not always the first of the plan. complaint: they
    have an open one. bought: so lately that the house waits.
    """
    rows = await tx.fetch(
        f"""
        WITH asked AS MATERIALIZED (
            SELECT r.id, r.campaign_id, r.step, r.state, r.reason, r.sender_id, c.root_id, a.contact_id AS leaf_id,
                   (SELECT true FROM agent WHERE agent.id = r.sender_id AND agent.active) AS signed
            FROM recipient r LEFT JOIN contact c ON c.id = r.contact_id LEFT JOIN address a ON a.id = r.address_id
            WHERE r.id = ANY($1)
        )
        SELECT h.id, coalesce(h.root_id, 0), h.campaign_id, h.step, coalesce(CASE
            WHEN h.root_id IS NULL OR h.leaf_id IS NULL
                 OR (SELECT root_id FROM contact WHERE contact.id = h.leaf_id) <> h.root_id THEN 'gone'
            WHEN h.state IN ('dropped', 'excluded', 'stopped') THEN coalesce(nullif(h.reason, ''), h.state)
            WHEN h.reason <> '' THEN h.reason
            WHEN h.signed IS NULL THEN 'no_sender'
            WHEN EXISTS (SELECT FROM contact m JOIN recipient o ON o.contact_id = m.id
                         LEFT JOIN delivery d ON d.recipient_id = o.id
                         WHERE m.root_id = h.root_id AND o.campaign_id = h.campaign_id AND o.step = h.step
                           AND o.id <> h.id AND o.state = 'made'
                           AND (d.state = ANY($3) OR d.state = 'claimed' AND o.id <> ALL($1)
                                OR o.id < h.id AND coalesce(d.state, 'queued') IN ('held', 'queued', 'claimed')))
                 THEN 'same_person'
            ELSE {OF_PERSON} END, ''), (SELECT root_contact_id FROM touch WHERE touch.recipient_id = h.id)
        FROM asked h CROSS JOIN campaign_policy p
        """,
        list(recipient_ids),
        list(COUNTED),
        list(GONE),
    )
    return [Asked(*row) for row in rows]


async def of_people(tx: Tx, root_ids: Sequence[int]) -> dict[int, str]:
    """By root, complaint or bought; who has neither is not in it."""
    rows = await tx.fetch(
        f"""
        SELECT h.root_id, {OF_PERSON} AS code
        FROM unnest($1::bigint[]) AS h (root_id) CROSS JOIN campaign_policy p
        """,
        list(root_ids),
        list(COUNTED),
    )
    return {row["root_id"]: row["code"] for row in rows if row["code"] is not None}


# `h` has root_id, `p` is the policy, $2 the states of a purchase that counts.
OF_PERSON = """
    CASE
        WHEN EXISTS (SELECT FROM contact m JOIN conversation v ON v.contact_id = m.id
                     WHERE m.root_id = h.root_id AND v.state IN ('open', 'snoozed') AND v.joined_into_id IS NULL
                       AND (v.priority = ANY(p.complaint_priorities)
                            OR EXISTS (SELECT FROM unnest(v.tags) AS t (tag)
                                       WHERE lower(t.tag) = ANY(p.complaint_tags))))
             THEN 'complaint'
        WHEN p.hold_days > 0 AND EXISTS (
                     SELECT FROM contact m JOIN purchase b ON b.contact_id = m.id
                     WHERE m.root_id = h.root_id AND b.state = ANY($2) AND b.bought_at <= now()
                       AND b.bought_at > now() - make_interval(days => p.hold_days)) THEN 'bought'
    END
"""
