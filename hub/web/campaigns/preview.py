"""POST /campaigns/{id}/preview: the message being written, as one real person would read it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import structlog
from aiohttp import web
from babel.numbers import format_currency
from redis.exceptions import RedisError

from hub.agents.roles import Person
from hub.campaigns import campaigns, trying
from hub.campaigns.approved_words import as_read, body_of
from hub.campaigns.campaigns import Campaign
from hub.campaigns.findings import Finding
from hub.campaigns.linter import Audience, Cost, costs, lint
from hub.campaigns.preparing import audience_of
from hub.campaigns.rendering import Content, render
from hub.campaigns.steps import Text
from hub.campaigns.wording import Texts
from hub.channels import connections
from hub.channels.base import Adapter
from hub.channels.registry import adapter
from hub.customers import contacts
from hub.customers.variables import CAMPAIGN_VARIABLES, examples
from hub.plumbing import clock
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import N_, _, language, ngettext
from hub.web import render as pages
from hub.web import shell
from hub.web.campaigns import opened
from hub.web.campaigns.views import PreviewView, TextForm
from hub.web.forms import form_of, posted
from hub.web.requests import hub_of, id_of

log = structlog.get_logger(__name__)
BLANK = re.compile(r"({{ [a-z0-9_.]+ }})")
LOOKS = {"desktop": N_("Desktop"), "phone": N_("Phone"), "dark": N_("Dark"), "plain": N_("Plain text")}
KEPT_SECONDS = 600
LIGHT = "body{margin:0;padding:16px;font:14px/1.5 ui-sans-serif,system-ui,sans-serif;color:#17202c;background:#fff}"
DARK = (
    ":root{color-scheme:dark}"
    "body{margin:0;padding:16px;font:14px/1.5 ui-sans-serif,system-ui,sans-serif;color:#e7ecf2;background:#161b22}"
)
FITTING = "img{max-width:100%;height:auto}table{max-width:100%}"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)


async def show(request: web.Request) -> web.StreamResponse:
    """The partial alone."""
    person = opened.marketer(request)
    form = await form_of(request, TextForm)
    texts = texts_of(form, blanks_of(dict(await posted(request))))
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        view = await preview(tx, hub_of(request), campaign, texts, form, person)
    return shell.html(pages.partial("campaigns/_preview.html", view, person.language, person.time_zone))


async def letter(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/letter?look=: the HTML of the last preview of whoever asks, in a page that may do nothing."""
    person = opened.marketer(request)
    kept = await hub_of(request).redis.get(_key(hub_of(request), person, id_of(request)))
    if kept is None:
        raise NotFound(_("This preview is gone: change something to see it again."))
    return framed(kept.decode(), dark=request.query.get("look") == "dark")


def framed(html: str, *, dark: bool = False) -> web.Response:
    """The HTML of a mail as a page for a frame: no script, no form, nothing but its pictures is loaded."""
    style = (DARK if dark else LIGHT) + FITTING
    page = f'<!doctype html><html><head><meta charset="utf-8"><style>{style}</style></head><body>{html}</body></html>'
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=page, content_type="text/html", headers=headers)


async def preview(
    tx: Tx, hub: Hub, campaign: Campaign, texts: Texts, form: TextForm, person: Person
) -> PreviewView:
    """The texts with the data of the form's `who`, else with the examples; how long, how dear, what is wrong."""
    look = form.look if form.look in LOOKS else "desktop"
    looks = [(key, _(name)) for key, name in LOOKS.items()] if texts.html else []
    speaking = await _speaking(tx, campaign)
    try:
        who, content = await _read_by(tx, campaign, texts, form)
    except Misworded as error:
        return PreviewView(who="", looks=looks, look=look, error=error.message)
    return PreviewView(
        who=who,
        looks=looks,
        look=look,
        subject=pieces(content.subject, content.missing),
        text=pieces(content.text, content.missing) if not texts.html or look == "plain" else [],
        short=pieces(content.short, content.missing) if texts.short else [],
        approved=await _approved(tx, texts, content, speaking),
        frame=await _kept(hub, person, campaign.id, content.html, look)
        if texts.html and look != "plain"
        else "",
        parts=measured(content, speaking, form.reach),
        findings=_findings(texts, content, speaking, await audience_of(tx, campaign, form.reach))
        if _says(texts)
        else [],
    )


async def _approved(
    tx: Tx, texts: Texts, content: Content, speaking: list[Adapter]
) -> list[tuple[str, bool]]:
    """The approved text with its blanks filled; those nothing stands in are marked."""
    can = next((one.can for one in speaking if one.can.approved_texts), None)
    body = await body_of(tx, texts) if can else ""
    return pieces(as_read(content, can, body), content.missing) if can and body else []


def texts_of(form: TextForm, blanks: dict[str, str]) -> Texts:
    """The wordings of a form."""
    return Texts(
        subject=form.subject,
        text=form.text,
        html=form.html,
        short=form.short,
        approved_text_id=opened.whole(form.approved_text_id),
        approved_variables=blanks,
    )


def blanks_of(given: dict[str, object]) -> dict[str, str]:
    """What was typed into the blanks of an approved text: fields `v_1`, `v_2`…"""
    return {
        name[2:]: value for name, value in given.items() if name.startswith("v_") and isinstance(value, str)
    }


def pieces(text: str, missing: Sequence[str]) -> list[tuple[str, bool]]:
    """The text cut where a variable, or a blank of an approved text, stands that has no value (Content.missing)."""
    empty = {name.strip("{}") for name in missing}
    return [(one, one[3:-3] in empty and one[:3] == "{{ ") for one in BLANK.split(text) if one]


async def _read_by(tx: Tx, campaign: Campaign, texts: Texts, form: TextForm) -> tuple[str, Content]:
    """Whose data they are, and the message with them, signed by who would sign it. Raises Misworded, NotFound."""
    invented = examples(CAMPAIGN_VARIABLES)
    contact_id = opened.whole(form.who)
    if contact_id is None:
        return _("an invented customer"), render(texts, invented)
    contact = (await contacts.load(tx, contact_id)).contact
    name = f"{contact.name} ({contact.account_name})" if contact.account_name else contact.name
    words = Text(
        **{one: getattr(texts, one) for one in texts.__struct_fields__},
        step=form.step,
        variant=form.variant,
        version=0,
        created_at=clock.now(),
    )
    link = str(invented["unsubscribe.link"])
    return name, await trying.as_read_by(tx, campaign, words, contact_id, link)


async def _kept(hub: Hub, person: Person, campaign_id: int, html: str, look: str) -> str:
    """Where a frame finds the HTML for a while; "" while Redis is away: the page works, without its frame."""
    try:
        await hub.redis.set(_key(hub, person, campaign_id), html.encode(), ex=KEPT_SECONDS)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("a preview without its frame", error=repr(error)[:200])
        return ""
    return f"/campaigns/{campaign_id}/letter?look={look}&n={token(4)}"


async def _speaking(tx: Tx, campaign: Campaign) -> list[Adapter]:
    return [adapter((await connections.load(tx, id_)).kind) for id_ in campaign.channel_ids]


def measured(content: Content, speaking: list[Adapter], people: int) -> list[str]:
    """How many parts the short text has, and what all of them cost, on each line where a message costs."""
    return [
        _(
            "%(what)s: about %(cost)s",
            what=_by_parts(one, people) if one.encoding else _by_messages(one),
            cost=format_currency(one.euros, "EUR", locale=language()),
        )
        for one in costs(content, speaking, people)
    ]


def _by_messages(one: Cost) -> str:
    told = {"count": pages.number(one.total_parts), "kind": _(adapter(one.kind).title)}
    return ngettext(
        "%(count)s message by %(kind)s", "%(count)s messages by %(kind)s", one.total_parts, **told
    )


def _by_parts(one: Cost, people: int) -> str:
    parts = ngettext(
        "%(n)s part (%(encoding)s)", "%(n)s parts (%(encoding)s)", one.parts, encoding=one.encoding
    )
    return f"{parts} × " + ngettext(
        "%(count)s person", "%(count)s people", people, count=pages.number(people)
    )


def _findings(
    texts: Texts, content: Content, speaking: list[Adapter], audience: Audience
) -> list[tuple[str, str]]:
    found = list(dict.fromkeys((str(one.severity), _place(one)) for one in lint(texts, speaking, audience)))
    if not content.missing:
        return found
    names = ", ".join(content.missing)
    return [
        ("warning", _("Nothing is known here for %(names)s: write a fallback behind it.", names=names)),
        *found,
    ]


def _place(one: Finding) -> str:
    return f"{one.words} ({_('line %(n)s', n=one.line)})" if one.line else one.words


def _says(texts: Texts) -> bool:
    return bool(texts.subject or texts.text or texts.html or texts.short or texts.approved_text_id)


def _key(hub: Hub, person: Person, campaign_id: int) -> str:
    return f"{hub.prefix}letter:{person.id}:{campaign_id}"
