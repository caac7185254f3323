"""What decides who may see a conversation, and which live pages it stands on, for many at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.agents.roles import Person, may_see
from hub.conversations.topics import topics
from hub.plumbing.db import Tx


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation reduced to what `may_see` asks for, and its state for the topics."""

    id: int
    state: str
    team_restricted: bool
    team_id: int | None
    assignee_id: int | None

    def seen_by(self, person: Person) -> bool:
        """Whether this person may see it."""
        return may_see(
            person,
            team_restricted=self.team_restricted,
            team_id=self.team_id,
            assignee_id=self.assignee_id,
        )

    @property
    def topics(self) -> list[str]:
        """The topics of its lists and of its own thread."""
        return [*topics(self.assignee_id, self.team_id, self.state), f"thread:{self.id}"]


async def sights(tx: Tx, ids: Sequence[int]) -> dict[int, Sight]:
    """The sights of those that exist, by id."""
    found = await tx.rows(
        Sight,
        """
        SELECT conversation.id, state, coalesce(restricted, false) AS team_restricted, team_id, assignee_id
        FROM conversation LEFT JOIN team ON team.id = team_id
        WHERE conversation.id = ANY($1::bigint[])
        """,
        list(ids),
    )
    return {sight.id: sight for sight in found}
