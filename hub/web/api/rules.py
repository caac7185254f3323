"""Routing rules over the API: the same document as in YAML, checked, tried on what came, published."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import must
from hub.plumbing.texts import language
from hub.routing import document, explain, publishing, replay
from hub.routing.engine import look_up
from hub.routing.replay import Difference
from hub.routing.rules import RuleSet
from hub.web.api.endpoints import Call, Endpoint, Nothing
from hub.web.api.shapes import Shape

MOST_TRIED = 1_000


class RulesShape(Shape, frozen=True, kw_only=True):
    """One list of rows; version 0 is the one a new installation starts with."""

    version: int
    rows: list[dict[str, Any]]


class RulesBody(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as `hub routing show` prints them. `instead_of`: the version they were written from."""

    rows: list[dict[str, Any]]
    note: str = ""
    instead_of: int | None = None


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True):
    """A draft, and on how many of the newest cases to try it."""

    rows: list[dict[str, Any]]
    last: int = 200


class DifferenceShape(Shape, frozen=True, kw_only=True):
    """One case that would go elsewhere or be labelled otherwise: the sentence by each list."""

    conversation: int
    at: datetime
    sender: str
    subject: str
    now: str
    draft: str
    tags: list[str]
    priority: str | None


class ReplayShape(Shape, frozen=True, kw_only=True):
    """How many cases were tried, and those that would change."""

    tried: int
    differences: list[DifferenceShape]


async def read_rules(call: Call) -> RulesShape:
    """The rules that count now."""
    async with call.transaction() as tx:
        return _shape(await publishing.current(tx))


async def read_rules_version(call: Call) -> RulesShape:
    """One version of them. Raises NotFound."""
    async with call.transaction() as tx:
        return _shape(await publishing.of_version(tx, call.id))


async def check_rules(call: Call) -> None:
    """Nothing when they can be published. Raises Forbidden, BadRules naming every mistake."""
    must(call.person, "publish_rules")
    rows = document.read({"rows": call.body.rows})
    async with call.transaction() as tx:
        await publishing.with_ids(tx, rows)


async def replay_rules(call: Call) -> ReplayShape:
    """What a draft would have done otherwise with what came, as far as the caller may see it."""
    must(call.person, "publish_rules")
    asked: ReplayBody = call.body
    draft = document.read({"rows": asked.rows})
    async with call.transaction() as tx:
        rows = await publishing.with_ids(tx, draft)
        staff, published = await look_up(tx)
        pasts = await replay.load(tx, last=min(asked.last, MOST_TRIED), viewer_id=call.person.id)
    done = replay.replay(RuleSet(version=published.version + 1, rows=rows), published, staff, pasts)
    return ReplayShape(tried=done.tried, differences=[_difference(one) for one in done.differences])


async def publish_rules(call: Call) -> RulesShape:
    """They count from now on. Raises Forbidden, BadRules, Conflict."""
    must(call.person, "publish_rules")
    asked: RulesBody = call.body
    rows = document.read({"rows": asked.rows})
    async with call.transaction() as tx:
        return _shape(
            await publishing.publish(
                tx, rows, note=asked.note, by=call.person.id, instead_of=asked.instead_of
            )
        )


def _shape(rules: RuleSet) -> RulesShape:
    return RulesShape(version=rules.version, rows=document.written(rules.rows)["rows"])


def _difference(one: Difference) -> DifferenceShape:
    return DifferenceShape(
        conversation=one.past.conversation_id,
        at=one.past.at,
        sender=one.past.case.sender,
        subject=one.past.case.subject,
        now=explain.sentence(one.now.reason, language()),
        draft=explain.sentence(one.draft.reason, language()),
        tags=list(one.draft.tags),
        priority=one.draft.priority,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/rules",
        summary="The routing rules that count",
        handler=read_rules,
        answer=RulesShape,
    ),
    Endpoint(
        method="GET",
        path="/rules/{id}",
        summary="One version of the rules",
        handler=read_rules_version,
        answer=RulesShape,
    ),
    Endpoint(
        method="POST",
        path="/rules",
        summary="Publish rules",
        handler=publish_rules,
        body=RulesBody,
        answer=RulesShape,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/rules/check",
        summary="Check rules without publishing them",
        handler=check_rules,
        body=RulesBody,
        answer=Nothing,
        status=204,
    ),
    Endpoint(
        method="POST",
        path="/rules/replay",
        summary="Try rules on what came",
        handler=replay_rules,
        body=ReplayBody,
        answer=ReplayShape,
    ),
]
