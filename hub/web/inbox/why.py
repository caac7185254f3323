"""GET /c/{id}/why: the routing decisions of a conversation, whole."""

from __future__ import annotations

from aiohttp import web

from hub.conversations import thread
from hub.plumbing.texts import language
from hub.routing import decisions, explain
from hub.routing.decisions import Stored
from hub.web import shell
from hub.web.inbox.asked import id_of
from hub.web.requests import hub_of, person_of
from hub.web.views import Candidate, Decision, Looked, Named, Person, RuleRow, WhyPage

OUTCOMES = ("took", "passed", "labelled", "skipped")


async def show(request: web.Request) -> web.StreamResponse:
    """Every decision, newest first."""
    person, id_ = person_of(request), id_of(request)
    async with hub_of(request).transaction() as tx:
        stored = await thread.head(tx, id_, person.id)
        found = await decisions.of_conversation(tx, id_)
    told = WhyPage(
        conversation=Named(id=id_, name=stored.subject or stored.contact_name),
        back=f"/c/{id_}",
        decisions=[_decision(one) for one in found],
    )
    return await shell.page(request, "why/page.html", told)


def _decision(stored: Stored) -> Decision:
    whole = explain.whole(stored, language())
    return Decision(
        id=stored.id,
        at=stored.at,
        sentence=whole.sentence,
        rule_version=whole.rule_version,
        inputs=[Looked(name=one.name, value=one.value) for one in whole.looked_at],
        rows=[
            RuleRow(number=one.number, name=one.name, outcome=one.outcome)  # type: ignore[arg-type]
            for one in whole.walked
            if one.outcome in OUTCOMES
        ],
        candidates=[
            Candidate(person=Person(id=one.agent_id, name=one.name), chosen=one.chosen, why=one.why)
            for one in whole.candidates
        ],
    )
