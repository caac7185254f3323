"""Who looks at a conversation or writes in it: leases in Redis, shown beside rows and above the composer.

Nothing of it is stored: a lease nobody renews is over after LEASE_SECONDS, and without Redis nobody is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from hub.agents.roles import load_many
from hub.conversations.sight import Sight, sights
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.signals import Signal
from hub.web.drawing import Thing
from hub.web.sockets import Op

Mode = Literal["viewing", "reply", "note"]
LEASE_SECONDS = 20
TYPING_SECONDS = 6


class Lease(msgspec.Struct, frozen=True):
    """One agent at one conversation, until a moment in milliseconds; typing is over sooner than looking."""

    mode: Mode
    until: int
    typing_until: int = 0

    def now(self, at: int) -> Mode:
        """What it says at a moment."""
        return self.mode if self.mode == "viewing" or self.typing_until > at else "viewing"


class Viewing:
    """The leases of all processes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.prefix = f"{hub.signals.stream}:who:"

    async def note(self, conversation_id: int, agent_id: int, mode: Mode) -> bool:
        """This agent looks or writes now; whether that is news to the others. Raises redis errors."""
        at = _milliseconds()
        before = (await self.at([conversation_id]))[conversation_id].get(agent_id)
        if mode == "viewing" and before is not None:  # whoever writes goes on writing
            await self.renew(conversation_id, agent_id)
            return False
        typing = at + TYPING_SECONDS * 1000 if mode != "viewing" else 0
        lease = Lease(mode, at + LEASE_SECONDS * 1000, typing)
        pipe = self.hub.redis.pipeline(transaction=False)
        pipe.hset(self._key(conversation_id), str(agent_id), _packed(lease))
        pipe.expire(self._key(conversation_id), 2 * LEASE_SECONDS)
        await pipe.execute()
        return before != mode

    async def renew(self, conversation_id: int, agent_id: int) -> None:
        """They still look; whatever they write is as it was. Raises redis errors."""
        asked = self.hub.redis.pipeline(transaction=False)
        asked.hget(self._key(conversation_id), str(agent_id))
        (raw,) = await asked.execute()
        at = _milliseconds()
        lease = msgspec.json.decode(raw, type=Lease) if raw else Lease("viewing", 0)
        fresh = msgspec.structs.replace(lease, mode=lease.now(at), until=at + LEASE_SECONDS * 1000)
        pipe = self.hub.redis.pipeline(transaction=False)
        pipe.hset(self._key(conversation_id), str(agent_id), _packed(fresh))
        pipe.expire(self._key(conversation_id), 2 * LEASE_SECONDS)
        await pipe.execute()

    async def leave(self, conversation_id: int, agent_id: int) -> None:
        """They look elsewhere now. Raises redis errors."""
        pipe = self.hub.redis.pipeline(transaction=False)
        pipe.hdel(self._key(conversation_id), str(agent_id))
        await pipe.execute()

    async def at(self, conversation_ids: Sequence[int]) -> dict[int, dict[int, Mode]]:
        """What each agent does at these conversations. Raises redis errors."""
        pipe = self.hub.redis.pipeline(transaction=False)
        for id_ in conversation_ids:
            pipe.hgetall(self._key(id_))
        at = _milliseconds()
        found: dict[int, dict[int, Mode]] = {}
        for id_, leases in zip(conversation_ids, await pipe.execute(), strict=True):
            known = {int(who): msgspec.json.decode(raw, type=Lease) for who, raw in leases.items()}
            found[id_] = {who: lease.now(at) for who, lease in known.items() if lease.until > at}
        return found

    async def tell(self, sight: Sight) -> None:
        """Make every process show it anew. Raises redis errors."""
        signal = Signal(kind="who", id=sight.id, topics=sight.topics)
        await self.hub.signals.publish([signal])

    async def draw(self, tx: Tx, ids: Sequence[int]) -> list[Thing]:
        """The renderer of kind `who`."""
        known = await sights(tx, ids)
        return [
            Thing(id=id_, sight=known[id_], ops=_once(op))
            for id_, op in (await self.ops(tx, list(known))).items()
        ]

    async def ops(self, tx: Tx, ids: Sequence[int]) -> dict[int, Op]:
        """`["who", conversation, [{"id", "name", "mode"}]]` of each of them; all languages say the same."""
        at = await self.at(ids)
        people = {
            one.id: one.name for one in await load_many(tx, sorted({w for who in at.values() for w in who}))
        }
        visitors = await self._visitors(ids)
        return {
            id_: [
                "who",
                id_,
                [
                    *({"id": 0, "name": name, "mode": "reply"} for name in visitors.get(id_, ())),
                    *(
                        {"id": w, "name": people[w], "mode": mode}
                        for w, mode in sorted(who.items())
                        if w in people
                    ),
                ],
            ]
            for id_, who in at.items()
        }

    async def note_visitor(self, conversation_id: int, name: str) -> None:
        """The customer writes at this moment; over after TYPING_SECONDS. Raises redis errors."""
        pipe = self.hub.redis.pipeline(transaction=False)
        pipe.set(f"{self.prefix}visitor:{conversation_id}", name, ex=TYPING_SECONDS)
        await pipe.execute()
        await self.hub.signals.publish(
            [Signal(kind="who", id=conversation_id, topics=[f"thread:{conversation_id}"])]
        )

    async def _visitors(self, ids: Sequence[int]) -> dict[int, list[str]]:
        pipe = self.hub.redis.pipeline(transaction=False)
        for id_ in ids:
            pipe.get(f"{self.prefix}visitor:{id_}")
        found = zip(ids, await pipe.execute(), strict=True)
        return {id_: [name.decode()] for id_, name in found if name}

    def _key(self, conversation_id: int) -> str:
        return f"{self.prefix}{conversation_id}"


def _once(op: Op) -> Callable[[Sequence[str]], dict[str, list[Op]]]:
    def ops(topics: Sequence[str]) -> dict[str, list[Op]]:
        return {topic: [op] for topic in topics}

    return ops


def _milliseconds() -> int:
    return int(now().timestamp() * 1000)


def _packed(lease: Lease) -> str:
    return msgspec.json.encode(lease).decode()
