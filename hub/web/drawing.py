"""From signals to operations: what changed is loaded once, drawn once a language, and filtered by person.

A room registers how its things look:

    register("conversation", draw)      draw(tx, ids) -> list[Thing]

`Thing.ops(topics)` is called once a language, inside `speaking(language)`, with the topics the thing is on;
it returns the operations of each. `Thing.gone(topic)` are the operations for a topic it left, and for whoever
may no longer see it. `Thing.sight` decides who may; None means everybody who may listen to the topic.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from hub.agents.roles import Person
from hub.conversations.sight import Sight
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.signals import Signal
from hub.plumbing.texts import speaking
from hub.web.sockets import Op
from hub.web.topics import canonical


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One changed thing, ready to be drawn."""

    id: int
    ops: Callable[[Sequence[str]], dict[str, list[Op]]]
    gone: Callable[[str], list[Op]] = lambda topic: []
    sight: Sight | None = None


Renderer = Callable[[Tx, Sequence[int]], Awaitable[list[Thing]]]
_renderers: dict[str, Renderer] = {}


class Change(msgspec.Struct):
    """All signals about one thing in a batch, as one: where it stands now, and what it left."""

    kind: str
    id: int
    topics: dict[str, None]
    lost: dict[str, None]


class Piece(msgspec.Struct, frozen=True):
    """One thing drawn in all languages asked for: `{language: {topic: ops}}`, and what to take away."""

    kind: str
    thing: Thing
    drawn: dict[str, dict[str, list[Op]]]
    lost: dict[str, list[Op]]

    @property
    def topics(self) -> set[str]:
        """Every topic somebody may have to be told on."""
        found = set(self.lost)
        for by_topic in self.drawn.values():
            found |= set(by_topic)
        return found

    def for_person(self, person: Person, topics: frozenset[str], *, hide: bool) -> list[Op]:
        """What this person's page must do about it; `hide` takes away what they may no longer see."""
        drawn = self.drawn.get(person.language, {})
        if self.thing.sight is not None and not self.thing.sight.seen_by(person):
            taken = [op for topic in topics & set(drawn) for op in self.thing.gone(topic)] if hide else []
        else:
            taken = [op for topic in sorted(topics & set(drawn)) for op in drawn[topic]]
        return [*(op for topic in sorted(topics & set(self.lost)) for op in self.lost[topic]), *taken]


def register(kind: str, renderer: Renderer) -> None:
    """From now on signals of `kind` are drawn by `renderer`."""
    _renderers[kind] = renderer


def merged(signals: Iterable[Signal]) -> list[Change]:
    """One change a thing, in the order of the first signal about it; the last word about a topic counts."""
    found: dict[tuple[str, int], Change] = {}
    for signal in signals:
        change = found.setdefault((signal.kind, signal.id), Change(signal.kind, signal.id, {}, {}))
        for topic in map(canonical, signal.lost):
            change.topics.pop(topic, None)
            change.lost[topic] = None
        for topic in map(canonical, signal.topics):
            change.lost.pop(topic, None)
            change.topics[topic] = None
    return list(found.values())


async def draw(hub: Hub, changes: Sequence[Change], languages: Iterable[str]) -> list[Piece]:
    """Load and draw; kinds nobody registered are nobody's business. Raises the database's errors."""
    pieces: dict[tuple[str, int], Piece] = {}
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        if change.kind in _renderers:
            by_kind.setdefault(change.kind, []).append(change)
    if not by_kind:
        return []
    spoken = list(languages)
    async with hub.transaction() as tx:
        for kind, wanted in by_kind.items():
            things = {thing.id: thing for thing in await _renderers[kind](tx, [one.id for one in wanted])}
            for change in wanted:
                if change.id in things:
                    pieces[kind, change.id] = _piece(change, things[change.id], spoken)
    return [pieces[one.kind, one.id] for one in changes if (one.kind, one.id) in pieces]


def _piece(change: Change, thing: Thing, languages: Iterable[str]) -> Piece:
    drawn = {}
    for language in languages:
        with speaking(language):
            drawn[language] = thing.ops(list(change.topics))
    return Piece(change.kind, thing, drawn, {topic: thing.gone(topic) for topic in change.lost})
