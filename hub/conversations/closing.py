"""Closing a conversation with a reason and an outcome, one key each, and opening it again."""

from __future__ import annotations

import msgspec

from hub.conversations.holding import Held, hold_alone, note, tell
from hub.conversations.refresh import refresh
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

REASONS = {
    "question": N_("Question"),
    "order": N_("Order"),
    "invoice": N_("Invoice or payment"),
    "fault": N_("Something is broken"),
    "complaint": N_("Complaint"),
    "other": N_("Something else"),
}
OUTCOMES = {
    "solved": N_("Solved"),
    "informed": N_("Informed"),
    "passed_on": N_("Passed on"),
    "no_answer": N_("No answer from the customer"),
    "impossible": N_("Could not be done"),
    "not_for_us": N_("Not for us"),
}


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """“Make Ana the owner of Acme?”"""

    account_id: int
    account_name: str
    agent_id: int
    agent_name: str


async def close(
    tx: Tx, conversation_id: int, *, agent_id: int | None, reason: str = "", outcome: str = ""
) -> Held:
    """This matter is done: nobody waits any more. Closing again only changes reason and outcome.

    Raises NotFound, Conflict (joined into another), BadInput for an unknown reason or outcome.
    """
    _check(reason, REASONS, "reason")
    _check(outcome, OUTCOMES, "outcome")
    before = await hold_alone(tx, conversation_id)
    if before.state == "closed" and (reason, outcome) in (
        ("", ""),
        (before.close_reason, before.close_outcome),
    ):
        return before
    await tx.execute(
        """
        UPDATE conversation
        SET state = 'closed', closed_at = coalesce(closed_at, now()), waiting_since = NULL,
            snoozed_until = NULL, close_reason = $2, close_outcome = $3, version = version + 1
        WHERE id = $1
        """,
        conversation_id,
        reason,
        outcome,
    )
    await note(
        tx,
        "closed",
        before,
        agent_id,
        reason=reason,
        outcome=outcome,
        state=before.state,
    )
    return await tell(tx, before)


async def reopen(tx: Tx, conversation_id: int, *, agent_id: int | None) -> Held:
    """It is not done after all: whoever waited before waits again. Raises NotFound, Conflict."""
    before = await hold_alone(tx, conversation_id)
    if before.state != "closed":
        return before
    await tx.execute(
        """
        UPDATE conversation
        SET state = 'open', closed_at = NULL, close_reason = '', close_outcome = '', version = version + 1
        WHERE id = $1
        """,
        conversation_id,
    )
    await note(
        tx,
        "reopened",
        before,
        agent_id,
    )
    await refresh(tx, [conversation_id])
    return await tell(tx, before)


async def owner_to_offer(tx: Tx, conversation_id: int) -> Offer | None:
    """Whom to offer as the account's owner after closing: the assignee, if the account has none."""
    return await tx.row(
        Offer,
        """
        SELECT o.id AS account_id, o.name AS account_name, g.id AS agent_id, g.name AS agent_name
        FROM conversation v
        JOIN contact c ON c.id = v.contact_id
        JOIN contact r ON r.id = c.root_id
        JOIN account o ON o.id = v.account_id
        JOIN agent g ON g.id = v.assignee_id AND g.active
        WHERE v.id = $1 AND o.owner_id IS NULL AND (r.account_id = o.id AND r.account_standing = 'suggested')
              IS NOT TRUE
        """,
        conversation_id,
    )


def _check(value: str, known: dict[str, str], field: str) -> None:
    if value and value not in known:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(known)), field=field)
