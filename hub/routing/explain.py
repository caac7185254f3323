"""Why somebody got a conversation, in words: one sentence for the conversation, the whole for its why page."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from babel.dates import format_date

from hub.plumbing import clock
from hub.plumbing.texts import N_, _, language, ngettext, speaking
from hub.routing.decisions import Stored

Reason = dict[str, Any]

# Who the right person is: stands after their name, behind a comma.
RELATIONS = {
    "owner": N_("who owns %(account)s"),
    "deputy": N_("deputy of %(account)s, which has no owner"),
    "answer": N_("who wrote what %(contact)s answers"),
    "last_agent": N_("who spoke with %(contact)s last"),
    "rule": N_("named by the rule «%(rule)s»"),
    "kept": N_("who has this conversation"),
}
# Everything that needs no stand-in.
PLAIN = {
    "covering": N_("To %(agent)s, covering for %(principal)s, away until %(until)s"),
    "cover_queue": N_("In the queue of %(team)s: %(principal)s is away until %(until)s and nobody covers"),
    "cover_all": N_("Waits for anybody: %(principal)s is away until %(until)s and nobody covers"),
    "returned": N_("Back to %(agent)s, who is here again"),
    "handed_over": N_("To %(agent)s, who took over from %(principal)s"),
    "rule_queue": N_("In the queue of %(team)s, by the rule «%(rule)s»"),
    "least_loaded": N_("In the queue of %(team)s, for whoever has the least"),
    "queue": N_("In the queue of %(team)s"),
    "queue_of_all": N_("Waits for anybody: the channel has no team"),
    "nobody": N_("Waits for anybody: no row said who"),
    "stopped": N_("Waits for anybody: the rule «%(rule)s» ends the list"),
    "aside": N_("Put aside by the rule «%(rule)s»"),
    "by_hand": N_("To %(agent)s: %(by)s assigned it"),
    "taken": N_("To %(agent)s, who took it"),
    "team_by_hand": N_("In the queue of %(team)s: %(by)s put it there"),
    "rings": N_("To %(agent)s, who is free"),
    "put_back": N_("Back in the queue: %(by)s put it there"),
}
# Why somebody did not get it: stands after their name.
WHY_NOT = {
    "away": N_("is away until %(until)s"),
    "inactive": N_("no longer works here"),
    "not_here": N_("is not here now"),
    "no_capacity": N_("takes no conversations at present"),
    "no_phone": N_("has told no telephone number"),
    "on_a_call": N_("is on the phone"),
    "did_not_answer": N_("does not pick up"),
    "outside_team": N_("is not in %(team)s, which keeps its conversations to itself"),
    "unknown": N_("is not known any more"),
    "lacks_skill": N_("does not have the skill %(skill)s"),
    "lacks_language": N_("does not speak the customer's language (%(language)s)"),
}
ROWS = {
    "kept": N_("Whoever has it keeps it"),
    "answer": N_("Answers a person or a campaign"),
    "owner": N_("The account's owner, else the deputy"),
    "last_agent": N_("Whoever spoke with them last"),
    "least_loaded": N_("The least loaded of the team"),
    "queue": N_("The team's queue"),
    "balance": N_("The queue is shared out"),
    "covering": N_("An absence begins"),
    "returned": N_("An absence ends"),
    "handed_over": N_("Somebody leaves"),
    "nobody": N_("No row"),
}
LOOKED_AT = (
    ("channel_name", N_("Channel")),
    ("reached", N_("Written to")),
    ("sender", N_("From")),
    ("contact_name", N_("Contact")),
    ("account_name", N_("Account")),
    ("tier", N_("Tier")),
    ("subject", N_("Subject")),
    ("language", N_("Language")),
)
NAMES = (
    *("agent", "principal", "named_by", "by", "account", "contact", "team", "rule", "until"),
    *("skill", "language", "load", "capacity"),
)


class Looked(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    value: str


class Walked(msgspec.Struct, frozen=True):
    """One row as the decision met it; `outcome`: took, labelled, passed or skipped."""

    number: int
    name: str
    outcome: str


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who could have got it, and why they did or did not."""

    agent_id: int
    name: str
    chosen: bool
    why: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in words."""

    sentence: str
    row: str
    rule_version: int
    looked_at: list[Looked]
    walked: list[Walked]
    candidates: list[Candidate]


def sentence(reason: Reason | None, wanted: str) -> str:
    """`{"code": …}` as one sentence in the language `wanted`; empty without a reason."""
    if not reason:
        return ""
    with speaking(wanted):
        return _said(reason)


def whole(decision: Stored, wanted: str) -> Whole:
    """Everything the why page shows of one decision, in the language `wanted`."""
    with speaking(wanted):
        return Whole(
            sentence=_said(decision.reason),
            row=row_name(decision.row_name),
            rule_version=decision.rule_version,
            looked_at=_looked_at(decision.inputs),
            walked=[
                Walked(number, row_name(one["row"]), one["outcome"])
                for number, one in enumerate(decision.inputs.get("walk", []), 1)
            ],
            candidates=[
                Candidate(one["agent_id"], one["name"], one["chosen"], _why(one, decision.reason))
                for one in decision.candidates
            ],
        )


def row_name(row: str) -> str:
    """How people read a row, in the current language; a rule is called what it is called."""
    if row.startswith("rule:"):
        return row.removeprefix("rule:")
    return _(ROWS[row]) if row in ROWS else row


def why_not(why: Reason) -> str:
    """`is away until 12 Sep`, in the current language: stands after a name."""
    code = why.get("code", "")
    if code == "full":
        return _("has %(load)s of %(capacity)s conversations", **_worded(why))
    if code == "busier":
        return ngettext(
            "has %(n)s open conversation", "has %(n)s open conversations", int(why.get("load", 0))
        )
    return _(WHY_NOT[code], **_worded(why)) if code in WHY_NOT else ""


def _said(reason: Reason) -> str:
    code = reason.get("code", "")
    if code in RELATIONS:
        return _to_person(reason) + _doubt(reason)
    if code == "balanced":
        return ngettext(
            "To %(agent)s, who has the least of %(team)s: %(n)s open conversation",
            "To %(agent)s, who has the least of %(team)s: %(n)s open conversations",
            int(reason.get("load", 0)),
            **_worded(reason),
        )
    return _(PLAIN[code], **_worded(reason)) if code in PLAIN else ""


def _to_person(reason: Reason) -> str:
    """To Ana, who owns Acme; or To Luis: Ana, who owns Acme, is away until 12 Sep and named Luis deputy."""
    said = {
        **_worded(reason),
        "relation": _(RELATIONS[reason["code"]], **_worded(reason)),
    }
    missed = reason.get("instead_of")
    if not missed:
        return _("To %(agent)s, %(relation)s", **said)
    said |= {"principal": missed["name"], "why": why_not(missed["why"]), "named_by": missed["named_by"]}
    if missed["how"] == "named":
        return _("To %(agent)s: %(principal)s, %(relation)s, %(why)s and named %(agent)s deputy", **said)
    if missed["how"] == "chain":
        return _(
            "To %(agent)s, named deputy by %(named_by)s, also away: %(principal)s, %(relation)s, %(why)s",
            **said,
        )
    return _("To %(agent)s, the deputy: %(principal)s, %(relation)s, %(why)s", **said)


def _doubt(reason: Reason) -> str:
    if reason.get("standing") != "suggested":
        return ""
    return " · " + _("%(contact)s writes from the domain of %(account)s, not confirmed", **_worded(reason))


def _why(candidate: dict[str, Any], reason: Reason) -> str:
    why = candidate["why"]
    if candidate["chosen"] and why.get("code") in RELATIONS and "instead_of" not in reason:
        return _(RELATIONS[why["code"]], **_worded(reason))
    if candidate["chosen"]:
        return ""
    return why_not(why)


def _looked_at(inputs: dict[str, Any]) -> list[Looked]:
    seen = [Looked(_(label), str(inputs[name])) for name, label in LOOKED_AT if inputs.get(name)]
    if "verified" in inputs:
        seen.append(Looked(_("Sender proven"), _("yes") if inputs["verified"] else _("no")))
    if inputs.get("automatic"):
        seen.append(Looked(_("Written by a machine"), _("yes")))
    return seen


def _worded(values: Reason) -> dict[str, Any]:
    """Values for a text; one that an older decision did not keep shows as a dash."""
    words = dict.fromkeys(NAMES, "–") | {k: v for k, v in values.items() if isinstance(v, str | int)}
    if isinstance(values.get("until"), str):
        words["until"] = _day(values["until"])
    return words


def _day(iso: str) -> str:
    """`12 Sep`, with the year when it is another one."""
    day = date.fromisoformat(iso)
    pattern = "d MMM" if day.year == clock.now().year else "d MMM y"
    return format_date(day, pattern, locale=language())
