"""The system rows of a thread: what was done with a conversation, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.conversations.labels import PRIORITIES
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _

MOST = 200

# What the bubbles themselves do not show. The sentence of `assigned` is the routing's (routing/explain).
SENTENCES = {
    "began": N_("%(agent)s began this"),
    "closed": N_("%(agent)s closed this"),
    "reopened": N_("%(agent)s opened this again"),
    "put_aside": N_("%(agent)s put this aside"),
    "brought_back": N_("%(agent)s brought this back"),
    "snoozed": N_("%(agent)s snoozed this"),
    "woke": N_("Back from being snoozed"),
    "joined": N_("%(agent)s joined this into #%(into)s"),
    "took_in": N_("%(agent)s joined #%(joined)s into this"),
    "separated": N_("%(agent)s separated this from #%(out_of)s"),
    "gave_back": N_("%(agent)s separated #%(joined)s from this"),
    "split": N_("%(agent)s split #%(new)s from this"),
    "split_from": N_("%(agent)s split this from #%(origin)s"),
    "moved": N_("%(agent)s moved this to another contact or account"),
    "kept_apart": N_("%(agent)s left this as it is"),
    "tagged": N_("%(agent)s changed the tags: %(after)s"),
    "prioritised": N_("%(agent)s set the priority: %(after)s"),
    "undone": N_("%(agent)s took an answer back"),
    "fell_back": N_("It could not be delivered by %(before)s, so it goes on by %(after)s to %(recipient)s"),
    "sent_otherwise": N_("%(agent)s sent what did not arrive by %(before)s by %(after)s to %(recipient)s"),
    "fallback_stopped": N_("%(agent)s stopped the second way to %(recipient)s"),
    "fallback_answered": N_("The customer wrote, so nothing goes on to %(recipient)s"),
    "rated": N_("The customer gave this chat %(score)s of 5"),
    "rated_saying": N_("The customer gave this chat %(score)s of 5: “%(words)s”"),
    "asked_to_be_forgotten": N_("The visitor had this chat forgotten and asks for their data to be deleted"),
    "fallback_not_needed": N_("It arrived after all, so nothing goes on to %(recipient)s"),
}
ROUTED = ("assigned", "rang")
"""Verbs whose sentence is the routing's: who got it and why."""
ICONS = {
    "rang": "phone",
    "assigned": "user-check",
    "began": "pencil",
    "closed": "check",
    "reopened": "rotate-ccw",
    "put_aside": "ban",
    "brought_back": "inbox",
    "snoozed": "alarm-clock",
    "woke": "alarm-clock",
    "joined": "merge",
    "took_in": "merge",
    "asked_to_be_forgotten": "trash-2",
}


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done. `details` are the verb's own plain values; `after_seq`: the last message before it."""

    id: int
    conversation_id: int
    at: datetime
    verb: str
    agent_name: str | None
    details: dict[str, Any]
    after_seq: int = 0


async def lines(
    tx: Tx, conversation_id: int, *, since: datetime | None = None, before: datetime | None = None
) -> list[HistoryLine]:
    """What was done from `since` (everything if None) up to `before`, oldest first, at most the last MOST."""
    found = await tx.rows(
        HistoryLine,
        """
        SELECT h.id, h.conversation_id, h.at, h.verb, a.name AS agent_name, h.details
        FROM history h LEFT JOIN agent a ON a.id = h.agent_id
        WHERE h.conversation_id = $1 AND h.verb = ANY($2)
          AND h.at >= coalesce($3::timestamptz, '-infinity')
          AND h.at < coalesce($4::timestamptz, 'infinity')
        ORDER BY h.id DESC LIMIT $5
        """,
        conversation_id,
        [*SENTENCES, *ROUTED],
        since,
        before,
        MOST,
    )
    return found[::-1]


async def newest(tx: Tx, conversation_ids: Sequence[int], *, seconds: float = 5) -> list[HistoryLine]:
    """What was done with these in the last seconds, for the live pages; oldest first."""
    return await tx.rows(
        HistoryLine,
        """
        SELECT h.id, h.conversation_id, h.at, h.verb, a.name AS agent_name, h.details,
               (SELECT coalesce(max(m.seq), 0) FROM message m
                WHERE m.conversation_id = h.conversation_id AND m.created_at <= h.at) AS after_seq
        FROM history h LEFT JOIN agent a ON a.id = h.agent_id
        WHERE h.conversation_id = ANY($1) AND h.verb = ANY($2) AND h.at > now() - make_interval(secs => $3)
        ORDER BY h.id
        """,
        list(conversation_ids),
        [*SENTENCES, *ROUTED],
        seconds,
    )


def sentence(line: HistoryLine) -> str:
    """The line in the current language; empty for a verb that has no sentence here."""
    if line.verb not in SENTENCES:
        return ""
    values = {name: _shown(value) for name, value in line.details.items()}
    if line.verb == "prioritised":
        values["after"] = _(PRIORITIES.get(values["after"], values["after"]))
    known = dict.fromkeys(("into", "joined", "out_of", "new", "origin", "after"), "–") | values
    return _(SENTENCES[line.verb], **{**known, "agent": line.agent_name or _("Dialogo")})


def _shown(value: Any) -> str:
    return (", ".join(map(str, value)) or "–") if isinstance(value, list) else str(value)
