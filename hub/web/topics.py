"""What a live page may listen to: asked when it subscribes, and again when its rights change."""

from __future__ import annotations

from collections.abc import Iterable

from hub.agents import teams
from hub.agents.roles import Person, may
from hub.conversations.sight import sights
from hub.plumbing.db import Tx

MOST_TOPICS = 60
EVERYBODYS = frozenset({"unassigned", "all", "closed", "aside", "snoozed", "unanswered"})
"""Lists of all conversations: each operation is checked against the person again before it is written."""


def canonical(topic: str) -> str:
    """One name for one thing: a conversation's own topic is `thread:{id}`."""
    kind, colon, number = topic.partition(":")
    return f"thread:{number}" if colon and kind == "conversation" else topic


async def allowed(tx: Tx, person: Person, wanted: Iterable[str]) -> frozenset[str]:
    """Those of the wanted topics this person may listen to; the others are left out without a word.

    Contacts and accounts are everybody's: their pages are, too.
    """
    topics = {canonical(topic) for topic in list(wanted)[:MOST_TOPICS]}
    own = {f"{view}:{person.id}" for view in ("mine", "agent", "snoozed", "drafts", "mentions")}
    granted = topics & (EVERYBODYS | own)
    granted |= {f"contact:{id_}" for id_ in _numbers(topics, "contact")}
    granted |= {f"account:{id_}" for id_ in _numbers(topics, "account")}
    if "quarantine" in topics and may(person, "see_quarantine"):
        granted.add("quarantine")
    if may(person, "run_campaigns"):
        granted |= {f"campaign:{id_}" for id_ in _numbers(topics, "campaign")} | topics & {"campaigns"}
    threads = _numbers(topics, "thread")
    if threads:
        known = await sights(tx, list(threads))
        granted |= {f"thread:{id_}" for id_ in threads if id_ in known and known[id_].seen_by(person)}
    if of_teams := _numbers(topics, "team"):
        visible = {team.id for team in await teams.visible_to(tx, person)}
        granted |= {f"team:{id_}" for id_ in of_teams & visible}
    return frozenset(granted)


def _numbers(topics: Iterable[str], kind: str) -> set[int]:
    found = set()
    for topic in topics:
        name, _colon, number = topic.partition(":")
        if name == kind and number.isascii() and number.isdigit() and len(number) < 19:
            found.add(int(number))
    return found
