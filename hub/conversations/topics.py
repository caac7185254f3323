"""Which live pages care about a conversation: the lists it stands in."""

from __future__ import annotations


def topics(assignee_id: int | None, team_id: int | None, state: str) -> list[str]:
    """Topics of a conversation as it is now; what it left is told as `lost` with the signal."""
    if state == "snoozed" and assignee_id:
        return [f"snoozed:{assignee_id}"]
    if state != "open":
        return [state]
    found = ["all", f"mine:{assignee_id}" if assignee_id else "unassigned"]
    if team_id:
        found.append(f"team:{team_id}")
    return found
