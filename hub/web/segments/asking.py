"""What the builder of an audience can ask, as a table: fields, their operators, and what each operator needs."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.plumbing.texts import N_

How = Literal["texts", "text", "choices", "choice", "number", "amount", "check"]
"""How a value is typed: several texts with commas, one text, several or one of a list, a number, money, a tick."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a condition. `choices`: the list it is chosen from; `unit` stands behind a number."""

    name: str
    label: str
    how: How
    choices: str = ""
    needed: bool = False
    unit: str = ""
    hint: str = ""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """How the field is looked at; `parts` are the values it needs, `no` turns the condition round."""

    key: str
    label: str
    no: bool = False
    parts: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One field: the condition it becomes (`about`, with these `fixed` values), its operators and parts."""

    key: str
    label: str
    group: str
    about: str
    fixed: dict[str, Any] = {}
    operators: tuple[Operator, ...]
    parts: tuple[Part, ...] = ()


def _one_of(how: How, choices: str = "", hint: str = "") -> tuple[Part, ...]:
    return (Part(name="any_of", label=N_("Values"), how=how, choices=choices, needed=True, hint=hint),)


COMMAS = N_("Separated by commas")
IS = (
    Operator(key="is", label=N_("is one of"), parts=("any_of",)),
    Operator(key="not", label=N_("is none of"), no=True, parts=("any_of",)),
    Operator(key="filled", label=N_("is filled in")),
    Operator(key="empty", label=N_("is not filled in"), no=True),
)
PERSON, ACCOUNT, DID, REACH = (
    N_("The person"),
    N_("Their account"),
    N_("What they did"),
    N_("Ways to reach them"),
)
DAYS = Part(name="days", label=N_("In the last"), how="number", unit=N_("days"), hint=N_("Empty: ever"))
TALK = ("open", "waiting", "tag", "priorities", "days")
BOUGHT = ("at_least", "products", "categories", "days", "whose")
GOODS = (
    Part(name="products", label=N_("Of these products"), how="choices", choices="products"),
    Part(name="categories", label=N_("Of these categories"), how="texts", hint=COMMAS),
    DAYS,
    Part(name="whose", label=N_("Who bought"), how="choice", choices="whose", needed=True),
)

TABLE: tuple[Asked, ...] = (
    Asked(key="language", label=N_("Language"), group=PERSON, about="person", fixed={"field": "language"},
          operators=IS, parts=_one_of("choices", "languages")),
    Asked(key="name", label=N_("Name"), group=PERSON, about="person", fixed={"field": "name"},
          operators=IS, parts=_one_of("texts", hint=COMMAS)),
    Asked(key="job_title", label=N_("What they work as"), group=PERSON, about="person",
          fixed={"field": "job_title"}, operators=IS, parts=_one_of("texts", hint=COMMAS)),
    Asked(key="time_zone", label=N_("Time zone"), group=PERSON, about="person", fixed={"field": "time_zone"},
          operators=IS, parts=_one_of("texts", hint=N_("As in Europe/Madrid; separated by commas"))),
    Asked(key="tag", label=N_("Tags"), group=PERSON, about="tag",
          operators=(Operator(key="is", label=N_("has one of"), parts=("any_of",)),
                     Operator(key="not", label=N_("has none of"), no=True, parts=("any_of",)),
                     Operator(key="filled", label=N_("has any")),
                     Operator(key="empty", label=N_("has none"), no=True)),
          parts=_one_of("texts", hint=COMMAS)),
    Asked(key="preferred", label=N_("Preferred channel"), group=PERSON, about="person",
          fixed={"field": "preferred_channel"}, operators=IS, parts=_one_of("texts", hint=COMMAS)),
    Asked(key="known", label=N_("Known to us"), group=PERSON, about="known",
          operators=(Operator(key="since", label=N_("for at most"), parts=("days",)),
                     Operator(key="longer", label=N_("for longer than"), no=True, parts=("days",))),
          parts=(Part(name="days", label=N_("Time"), how="number", unit=N_("days"), needed=True),)),
    Asked(key="tier", label=N_("Tier"), group=ACCOUNT, about="account", fixed={"field": "tier"},
          operators=IS, parts=_one_of("texts", hint=COMMAS)),
    Asked(key="relation", label=N_("Relation"), group=ACCOUNT, about="account", fixed={"field": "relation"},
          operators=IS[:2], parts=_one_of("choices", "relations")),
    Asked(key="kind", label=N_("Kind of customer"), group=ACCOUNT, about="account", fixed={"field": "kind"},
          operators=IS[:2], parts=_one_of("choices", "kinds")),
    Asked(key="account", label=N_("Account name"), group=ACCOUNT, about="account", fixed={"field": "name"},
          operators=(*IS[:2], Operator(key="filled", label=N_("is known")),
                     Operator(key="empty", label=N_("is not known"), no=True)),
          parts=_one_of("texts", hint=COMMAS)),
    Asked(key="owner", label=N_("Owner"), group=ACCOUNT, about="owner",
          operators=(*IS[:2], Operator(key="filled", label=N_("is somebody")),
                     Operator(key="empty", label=N_("is nobody"), no=True)),
          parts=_one_of("choices", "agents")),
    Asked(key="role", label=N_("Role at an account"), group=ACCOUNT, about="role",
          operators=(Operator(key="is", label=N_("they are"), parts=("any_of", "accounts")),
                     Operator(key="not", label=N_("they are not"), no=True, parts=("any_of", "accounts"))),
          parts=(Part(name="any_of", label=N_("What they are"), how="choices", choices="roles",
                      hint=N_("Empty: anything")),
                 Part(name="accounts", label=N_("At"), how="choices", choices="accounts"))),
    Asked(key="bought", label=N_("Purchases"), group=DID, about="purchases", fixed={"measure": "number"},
          operators=(Operator(key="did", label=N_("at least"), parts=BOUGHT),
                     Operator(key="not", label=N_("not so many as"), no=True, parts=BOUGHT)),
          parts=(Part(name="at_least", label=N_("How many"), how="number", needed=True), *GOODS)),
    Asked(key="spent", label=N_("Money spent"), group=DID, about="purchases", fixed={"measure": "total"},
          operators=(Operator(key="did", label=N_("at least"), parts=(*BOUGHT, "currency")),
                     Operator(key="not", label=N_("less than"), no=True, parts=(*BOUGHT, "currency"))),
          parts=(Part(name="at_least", label=N_("Amount"), how="amount", needed=True),
                 Part(name="currency", label=N_("Currency"), how="choice", choices="currencies", needed=True),
                 *GOODS)),
    Asked(key="owes", label=N_("Something due"), group=DID, about="owes",
          operators=(Operator(key="yes", label=N_("is not paid")),
                     Operator(key="no", label=N_("is paid, or there is nothing"), no=True))),
    Asked(key="conversation", label=N_("A conversation"), group=DID, about="conversation",
          operators=(Operator(key="had", label=N_("they had"), parts=TALK),
                     Operator(key="not", label=N_("they did not have"), no=True, parts=TALK)),
          parts=(Part(name="open", label=N_("Still open"), how="check"),
                 Part(name="waiting", label=N_("They wait for us"), how="check"),
                 Part(name="tag", label=N_("With the tag"), how="text"),
                 Part(name="priorities", label=N_("With the priority"), how="choices", choices="priorities"),
                 DAYS)),
    Asked(key="answered", label=N_("Last contact"), group=DID, about="answered",
          operators=(Operator(key="did", label=N_("was in the last"), parts=("days", "by")),
                     Operator(key="not", label=N_("was not in the last"), no=True, parts=("days", "by"))),
          parts=(Part(name="days", label=N_("Time"), how="number", unit=N_("days"), needed=True),
                 Part(name="by", label=N_("Who wrote"), how="choice", choices="answerers", needed=True))),
    Asked(key="campaign", label=N_("A past campaign"), group=DID, about="campaign",
          operators=(Operator(key="did", label=N_("it is so"), parts=("what", "campaign", "days")),
                     Operator(key="not", label=N_("it is not so"), no=True, parts=("what", "campaign", "days"))),
          parts=(Part(name="what", label=N_("What happened"), how="choice", choices="campaigned", needed=True),
                 Part(name="campaign", label=N_("Campaign"), how="choice", choices="campaigns"), DAYS)),
    Asked(key="segment", label=N_("Segment"), group=DID, about="segment",
          operators=(Operator(key="is", label=N_("they are in"), parts=("segment",)),
                     Operator(key="not", label=N_("they are not in"), no=True, parts=("segment",))),
          parts=(Part(name="segment", label=N_("Segment"), how="choice", choices="segments", needed=True),)),
    Asked(key="list", label=N_("List"), group=DID, about="list",
          operators=(Operator(key="is", label=N_("they are in"), parts=("list", "column", "any_of")),
                     Operator(key="not", label=N_("they are not in"), no=True, parts=("list", "column", "any_of"))),
          parts=(Part(name="list", label=N_("List"), how="choice", choices="lists", needed=True),
                 Part(name="column", label=N_("Where the column"), how="text", hint=N_("Empty: no matter")),
                 Part(name="any_of", label=N_("is one of"), how="texts", hint=COMMAS))),
    Asked(key="consent", label=N_("Permission"), group=REACH, about="consent",
          operators=(Operator(key="yes", label=N_("they gave"), parts=("purpose", "type")),
                     Operator(key="no", label=N_("they did not give"), no=True, parts=("purpose", "type"))),
          parts=(Part(name="purpose", label=N_("For"), how="choice", choices="purposes", needed=True),
                 Part(name="type", label=N_("On"), how="choice", choices="types_or_any"))),
    Asked(key="reachable", label=N_("An address that works"), group=REACH, about="reachable",
          operators=(Operator(key="yes", label=N_("they have"), parts=("type",)),
                     Operator(key="no", label=N_("they do not have"), no=True, parts=("type",))),
          parts=(Part(name="type", label=N_("On"), how="choice", choices="types", needed=True),)),
)  # fmt: skip
BY_KEY = {one.key: one for one in TABLE}
