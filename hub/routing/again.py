"""Routing once more: the account a conversation went by was denied, so somebody else may have to get it."""

from __future__ import annotations

import msgspec

from hub.conversations.assignment import Assignment, assign
from hub.conversations.holding import Held, hold
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.routing import decisions
from hub.routing.balance import queue_balance
from hub.routing.cases import Case
from hub.routing.engine import decide, look_up

BY_PEOPLE = ("by_hand", "taken", "team_by_hand", "put_back", "handed_over")


async def route_again(tx: Tx, conversation_id: int) -> Held | None:
    """Decide an open conversation anew by what is known of its customer now.

    None when there is nothing to decide: it is closed, was never decided, or a person has taken it in hand since
    (whom people choose stays). Labels stay as they are. Raises NotFound.
    """
    held = await hold(tx, conversation_id)
    case = await _case(tx, held)
    if case is None:
        return None
    staff, rules = await look_up(tx)
    decision = decide(case, staff, rules)
    made = await decisions.write(tx, [(held.id, decision)])
    if decision.balance and decision.team_id is not None:
        await queue_balance(tx, decision.team_id)
    row = Assignment(
        conversation_id=held.id,
        agent_id=decision.agent_id,
        team_id=decision.team_id,
        covering_for_id=decision.covering_for_id,
        reason=decision.reason,
        decision_id=made[held.id],
    )
    return (await assign(tx, [row]))[0]


async def _case(tx: Tx, held: Held) -> Case | None:
    """The case as it came, with the account its person has now."""
    row = await tx.record(
        """
        SELECT first.inputs, v.reason ->> 'code' AS code, v.account_id, account.name AS account_name, account.tier,
               account.owner_id, account.deputy_id,
               CASE WHEN v.account_id IS NULL THEN ''
                    WHEN root.account_id = v.account_id THEN root.account_standing ELSE 'confirmed' END AS standing
        FROM conversation AS v
        JOIN contact AS root ON root.id = $2
        JOIN LATERAL (SELECT inputs FROM decision
                      WHERE conversation_id = v.id AND inputs ? 'channel_id' ORDER BY id LIMIT 1) AS first ON true
        LEFT JOIN account ON account.id = v.account_id
        WHERE v.id = $1
        """,
        held.id,
        held.root_id,
    )
    if row is None or held.state not in ("open", "snoozed") or row["code"] in BY_PEOPLE:
        return None
    return msgspec.structs.replace(
        msgspec.convert(row["inputs"], Case),
        at=clock.now(),
        contact_id=held.root_id,
        account_id=row["account_id"],
        account_name=row["account_name"] or "",
        account_standing=row["standing"],
        tier=row["tier"] or "",
        owner_id=row["owner_id"],
        deputy_id=row["deputy_id"],
        kept_id=None,
        kept_team_id=None,
    )
