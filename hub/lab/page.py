"""The lab's one page: who to play, on which channel, the thing to play with, and what left the hub."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.fax.gateways import BY_NAME
from hub.channels.registry import adapter
from hub.customers import contacts
from hub.lab import fax_machine, left
from hub.lab.customer import Letter
from hub.lab.fax_machine import Machine
from hub.lab.left import Left
from hub.lab.playing import CAST, ENDS, NOBODY, WAYS, Person, fate, somebody
from hub.lab.sent import Outbox
from hub.lab.telephone import TWILIO
from hub.lab.telephones import Shown, telephones
from hub.lab.texts import Note
from hub.operating.demo_lines import NUMBER, shop_url, system_url
from hub.plumbing.db import Tx
from hub.plumbing.texts import N_, _
from hub.web import shell
from hub.web.requests import hub_of, person_of
from hub.web.views import View

CODES = {"g3": N_("T.4, one dimension"), "g3_2d": N_("T.4, two dimensions"), "g4": N_("T.6")}
Choices = list[tuple[str, str]]


class Chip(View, frozen=True, kw_only=True):
    """One choice of the page: a link that keeps the other choices."""

    href: str
    text: str
    more: str = ""
    icon: str = ""
    current: bool = False


class LabPage(View, frozen=True, kw_only=True):
    """GET /lab. `by` is the kind being played; `letter`, `note`, `machine`, `number` are what its form holds."""

    cast: list[Chip]
    ways: list[Chip]
    by: str
    person: Person
    action: str
    letter: Letter
    note: Note
    machine: Machine
    number: str
    people: list[str]
    lines: Choices
    gateways: Choices
    codes: Choices
    ends: Choices
    end: str
    end_of: str
    company: str
    shop: str
    system: str
    phones: list[Shown]
    left: list[Left]
    done: str = ""
    error: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)


async def draw(
    request: web.Request,
    *,
    by: str = "",
    person: Person | None = None,
    done: str = "",
    error: str = "",
    errors: dict[str, str] | None = None,
    **forms: Any,
) -> web.StreamResponse:
    """The page. `forms`: what was typed, of the kind being played: letter, note, machine or number."""
    person_of(request)
    by = by or request.query.get("by", "")
    by = by if by in WAYS else "email"
    person = person or somebody(request.query.get("as", ""), request.query.get("from", ""))
    async with hub_of(request).transaction() as tx:
        enabled = await connections.enabled(tx)
        names = await _names(tx)
        parts = {
            **_blank(person, by, enabled),
            **forms,
            "phones": telephones(request.app[TWILIO].calls, names),
            "left": await left.shown(Outbox(hub_of(request).settings.data), tx, names),
        }
    page = LabPage(
        cast=_cast(person, by),
        ways=_ways(person, by, {one.kind for one in enabled}),
        by=by,
        person=person,
        action=urlencode({"as": person.key} if person.key else {"from": person.reached_by(by)}),
        people=_suggested(by, names),
        lines=_lines(by, enabled, parts["letter"]),
        gateways=_gateways(),
        codes=[(code, _(words)) for code, words in CODES.items()],
        ends=[(key, _(words)) for key, words in ENDS.get(by, {}).items()],
        end=fate(request, by, person.reached_by(by)),
        end_of=person.reached_by(by),
        company=_company(by, enabled),
        shop=shop_url(hub_of(request).settings),
        system=system_url(hub_of(request).settings),
        done=done,
        error=error,
        errors=errors or {},
        **parts,
    )
    return await shell.page(request, "lab/page.html", page, current="lab", status=422 if errors else 200)


def again(request: web.Request, by: str, person: Person, **more: str) -> web.HTTPSeeOther:
    """Where the browser goes when something was done: the same person on the same channel."""
    whose = {"as": person.key} if person.key else {"from": person.reached_by(by)}
    return web.HTTPSeeOther(f"/lab?{urlencode({**whose, 'by': by, **more})}")


def _blank(person: Person, by: str, enabled: list[Channel]) -> dict[str, Any]:
    named = f"{person.name} <{person.mail}>" if person.name and person.mail else person.mail
    mail = next((one.address for one in enabled if one.kind == "email"), "")
    return {
        "letter": Letter(sender=named, to=mail),
        "note": Note(sender=person.number, name=person.name, line=by),
        "machine": Machine(caller=person.fax, csid=(person.name or "FAX").upper()[:20]),
        "number": person.number,
    }


def _cast(person: Person, by: str) -> list[Chip]:
    chips = [
        Chip(
            href=f"/lab?as={one.key}&by={by}",
            text=one.name,
            more=_(one.about),
            icon="user",
            current=one is person,
        )
        for one in CAST
    ]
    current = person not in CAST
    other = Chip(
        href=f"/lab?as=other&by={by}",
        text=(person.name or person.reached_by(by)) if current and person != NOBODY else _("Somebody else"),
        more=_("any address at all"),
        icon="user-plus",
        current=current,
    )
    return [*chips, other]


def _ways(person: Person, by: str, kinds: set[str]) -> list[Chip]:
    whose = f"as={person.key}" if person.key else urlencode({"from": person.reached_by(by)})
    return [
        Chip(href=f"/lab?{whose}&by={kind}", text=_(text), icon=adapter(kind).can.icon, current=kind == by)
        for kind, text in WAYS.items()
        if kind in kinds or kind == by
    ]


def _company(by: str, enabled: list[Channel]) -> str:
    if by == "voice":
        return NUMBER
    return next((one.address for one in enabled if one.kind == by), "")


def _lines(by: str, enabled: list[Channel], letter: Letter) -> Choices:
    """Where a mail may go; the address of an answer comes first."""
    lines = [(one.address, f"{one.name} · {one.address}") for one in enabled if one.kind == "email"]
    known = [address for address, _name in lines]
    return [(letter.to, letter.to), *lines] if letter.to and letter.to not in known else lines


def _gateways() -> Choices:
    titles = {name: BY_NAME[name].title for name in BY_NAME} | {"hylafax_es": _("HylaFAX in Spanish")}
    return [(name, titles[name]) for name in fax_machine.GATEWAYS]


def _suggested(by: str, names: dict[str, str]) -> list[str]:
    wanted = "@" if by == "email" else "+"
    found = [f"{name} <{address}>" for address, name in names.items() if wanted in address]
    return found[:200]


async def _names(tx: Tx) -> dict[str, str]:
    """Names by address: customers', agents' by their telephones, and the cast's."""
    known = await contacts.listed(tx, most=200)
    agents = await tx.fetch("SELECT name, phone FROM agent WHERE phone <> '' ORDER BY id")
    return {
        **{address.value: one.contact.name for one in known for address in one.addresses},
        **{row["phone"]: row["name"] for row in agents},
        **{address: one.name for one in CAST for address in (one.mail, one.number, one.fax)},
    }
