"""The numbers beside the views, computed for those whose lists changed, at most every second."""

from __future__ import annotations

import asyncio

import structlog

from hub.conversations.counters import counters
from hub.notifications import notifier
from hub.plumbing.db import AGAIN, AWAY, Tx
from hub.web.fanout import Fanout
from hub.web.sockets import Op

log = structlog.get_logger(__name__)

SECONDS = 1.0
EVERYBODYS = ("unassigned", "all", "team:", "closed", "aside")


async def numbers(tx: Tx, agent_id: int) -> dict[str, int]:
    """By the keys of the navigation: mine, unassigned, all, snoozed, drafts, mentions, team-3, notices."""
    found = await counters(tx, agent_id)
    return {
        "mine": found.mine,
        "unassigned": found.unassigned,
        "all": found.all,
        "snoozed": found.snoozed,
        "drafts": found.drafts,
        "mentions": found.mentions,
        "notices": await notifier.unseen(tx, agent_id),
        **{f"team-{id_}": n for id_, n in found.teams.items()},
    }


class Counting:
    """Sends `count` operations to the agents whose numbers changed."""

    def __init__(self, fanout: Fanout) -> None:
        self.fanout = fanout
        self._told: dict[int, dict[str, int]] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(SECONDS)
            touched, self.fanout.touched = self.fanout.touched, set()
            fresh, self.fanout.fresh = self.fanout.fresh, set()
            try:
                for agent_id in sorted(self._concerned(touched) | fresh):
                    await self._tell(agent_id, all_of_them=agent_id in fresh)
            except (*AGAIN, *AWAY) as error:
                log.warning("numbers not counted", error=repr(error)[:200])
                self.fanout.touched |= touched
                self.fanout.fresh |= fresh

    def _concerned(self, touched: set[str]) -> set[int]:
        """Whose numbers may have changed."""
        present = {socket.person.id for socket in self.fanout.sockets}
        self._told = {id_: told for id_, told in self._told.items() if id_ in present}
        if any(topic.startswith(EVERYBODYS) for topic in touched):
            return present
        kinds = ("mine", "agent", "snoozed", "drafts")
        return {id_ for id_ in present if touched & {f"{kind}:{id_}" for kind in kinds}}

    async def _tell(self, agent_id: int, *, all_of_them: bool) -> None:
        async with self.fanout.hub.transaction() as tx:
            now = await numbers(tx, agent_id)
        before = {} if all_of_them else self._told.get(agent_id, {})
        changed: list[Op] = [["count", key, n] for key, n in now.items() if before.get(key) != n]
        self._told[agent_id] = now
        if changed:
            self.fanout.tell(f"agent:{agent_id}", changed)
