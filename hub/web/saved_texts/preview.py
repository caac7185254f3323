"""POST /saved-texts/preview: a wording as somebody would read it, while it is being written."""

from __future__ import annotations

import re

from aiohttp import web

from hub.agents.roles import Person
from hub.conversations import filling, macros, saved_texts
from hub.conversations.saved_texts import Actions, SavedText, Wanted
from hub.customers import contacts, personalising, variables
from hub.customers.variables import Values
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _
from hub.web import render, shell
from hub.web.forms import form_of
from hub.web.requests import hub_of, person_of
from hub.web.saved_texts.views import PreviewView, SavedTextForm

BLANK = re.compile(r"({{ [a-z]+\.[a-z_]+ }})")


async def show(request: web.Request) -> web.StreamResponse:
    """The partial alone."""
    person = person_of(request)
    form = await form_of(request, SavedTextForm)
    async with hub_of(request).transaction() as tx:
        view = await preview(tx, form, person)
    return shell.html(render.partial("saved_texts/_preview.html", view, person.language, person.time_zone))


async def preview(tx: Tx, form: SavedTextForm, person: Person) -> PreviewView:
    """The form's wording with the data of the first person its `who` finds, else with the examples."""
    wanted = wanted_of(form)
    who, values = await _somebody(tx, form.who, person)
    names = dict(await saved_texts.assignees(tx)) if wanted.actions.assign else {}
    does = macros.told(wanted.actions, names)
    try:
        words = filling.fill(_unsaved(wanted), values)
        short = personalising.fill(wanted.short, values)
    except Misworded as error:
        return PreviewView(who=who, error=error.message, does=does)
    return PreviewView(
        who=who,
        subject=_pieces(words.subject),
        text=_pieces(words.text),
        short=_pieces(short.text),
        html=words.html,
        missing=list(dict.fromkeys([*words.missing, *short.missing])),
        does=does,
    )


def wanted_of(form: SavedTextForm) -> Wanted:
    """What the form asks for."""
    tags = [name.strip() for name in form.tags.split(",") if name.strip()]
    return Wanted(
        title=form.title,
        shortcut=form.shortcut,
        language=form.language,
        subject=form.subject,
        text=form.text,
        html=form.html,
        short=form.short,
        actions=Actions(assign=form.assign, tags=tags, priority=form.priority, close=form.close),
    )


async def _somebody(tx: Tx, who: str, person: Person) -> tuple[str, Values]:
    found = await contacts.listed(tx, text=who.strip()[:100], most=1) if who.strip() else []
    if not found:
        return _("an invented customer"), variables.examples()
    contact = found[0].contact
    name = f"{contact.name} ({contact.account_name})" if contact.account_name else contact.name
    return name, await personalising.values(tx, contact_id=contact.id, agent_id=person.id)


def _unsaved(wanted: Wanted) -> SavedText:
    return SavedText(
        id=0,
        title=wanted.title,
        shortcut=wanted.shortcut,
        language=wanted.language,
        version=0,
        active=True,
        subject=wanted.subject,
        text=wanted.text,
        html=wanted.html,
        short="",
        actions=wanted.actions,
        version_at=clock.now(),
        version_by=None,
    )


def _pieces(text: str) -> list[tuple[str, bool]]:
    known = variables.KNOWN
    return [(piece, piece[3:-3] in known and piece[:3] == "{{ ") for piece in BLANK.split(text) if piece]
