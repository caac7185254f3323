"""What failed so often that no worker tries it any more: listed for a person, who may have it tried again."""

from __future__ import annotations

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import N_, _

KINDS = {
    "signal": N_("Refresh open pages"),
    "search": N_("Make a message findable"),
    "search_batch": N_("Make messages findable"),
    "notification": N_("Notify somebody"),
    "balance": N_("Share out a team's queue"),
    "route": N_("Route a conversation again"),
    "auto_reply": N_("Answer automatically"),
    "undelivered": N_("Send an answer another way"),
    "no_report": N_("Look after an answer without a report"),
    "call": N_("Go on with a call"),
    "machine_reading": N_("Read a fax by machine"),
    "chat_unread": N_("Mail what was not read in the chat"),
    "media": N_("Fetch a file from a provider"),
    "pull": N_("Ask a provider for what was lost"),
    "campaign_progress": N_("Refresh a campaign's pages"),
    "campaign_trouble": N_("Look at a campaign's errors"),
    "campaign_bounced": N_("Note that a campaign's message came back"),
    "campaign_freeze": N_("Freeze whom a campaign is for"),
    "campaign_prepare": N_("Prepare a campaign's messages"),
    "campaign_timing": N_("Count when a campaign's messages leave"),
    "campaign_count": N_("Count what a campaign brought"),
    "campaign_rezone": N_("Move a message to somebody's new time zone"),
    "campaign_canceled": N_("End what a campaign did not reach"),
    "campaign_empty": N_("Throw a campaign's old plan away"),
    "list_import": N_("Take a file of people into a list"),
    "erase": N_("Erase a person"),
    "left_empty": N_("End a conversation nobody wrote in"),
}


INSIDE = (
    "signal",
    "search",
    "search_batch",
    "balance",
    "route",
    "machine_reading",
    "media",
    "pull",
    "campaign_progress",
    "erase",
    "left_empty",
)
"""Of these, what was done once may be done again: nobody outside notices."""


class Parked(msgspec.Struct, frozen=True):
    """One of them. `ref`: the id of what it is about; `error`: what went wrong the last time."""

    id: int
    kind: str
    ref: int
    attempts: int
    error: str

    @property
    def words(self) -> str:
        """What was to be done, in the language being spoken."""
        return _(KINDS.get(self.kind, self.kind))


async def listed(tx: Tx, *, most: int = 100) -> list[Parked]:
    """The parked, oldest first."""
    return await tx.rows(
        Parked,
        "SELECT id, kind, ref, attempts, error FROM todo WHERE due_at = 'infinity' ORDER BY id LIMIT $1",
        most,
    )


async def try_again(tx: Tx, todo_id: int) -> None:
    """A person has it tried at once, with as many tries as something new. Raises NotFound."""
    found = await tx.execute(
        """
        UPDATE todo SET due_at = now(), attempts = 0, lease_until = NULL
        WHERE id = $1 AND due_at = 'infinity'
        """,
        todo_id,
    )
    if not found:
        raise NotFound(_("It is done, or being tried again already."))
    tx.wake("todo")


async def park_outside(tx: Tx, why: str) -> int:
    """After a restore: what would reach somebody outside was perhaps done since, so a person decides; how many."""
    return await tx.execute(
        """
        UPDATE todo SET due_at = 'infinity', lease_until = NULL, error = $1
        WHERE due_at < 'infinity' AND kind <> ALL($2)
        """,
        why,
        list(INSIDE),
    )
